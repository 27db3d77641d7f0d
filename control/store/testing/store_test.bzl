"""store_test: one source, tested on SQLite and on a real PostgreSQL server."""

load("@rules_cc//cc:defs.bzl", "cc_library", "cc_test")

def store_test(name, srcs, deps, size = "small", **kwargs):
    """Makes NAME_test (SQLite) and NAME_postgres_test of tests over TestDatabase.

    Args:
      name: ends with _test
      srcs: compiled once for both
      deps: of the sources
      size: of each test
      **kwargs: for both tests
    """
    stem = name[:-len("_test")]
    cc_library(
        name = stem + "_cases",
        testonly = True,
        srcs = srcs,
        alwayslink = True,
        deps = deps,
    )
    cc_test(
        name = name,
        size = size,
        deps = [":" + stem + "_cases"],
        **kwargs
    )

    # The server refuses to run as root, and a sandbox knows no other user.
    cc_test(
        name = stem + "_postgres_test",
        size = size,
        env = {"TUTTI_TEST_STORE": "postgres"},
        tags = ["no-sandbox"],
        deps = [":" + stem + "_cases"],
        **kwargs
    )

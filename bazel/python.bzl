"""python_test: a whole-system test in Python, run by Debian's own interpreter.

Bazel's py_test asks for a program named "python", which Debian does not have; a
test file with a #! line is all that is needed.
"""

def python_test(name, src, deps = [], data = [], tags = [], **kwargs):
    """A test file that ends with tests.harness.junit.main().

    Args:
      name: the test's name
      src: the executable .py file
      deps: filegroups of .py files
      data: programs and files that it uses
      tags: more tags; "no-sandbox" is always there, for real processes and ports
      **kwargs: for the sh_test
    """
    native.sh_test(
        name = name,
        srcs = [src],
        data = data + deps,
        env = {"PYTHONPATH": ".", "PYTHONDONTWRITEBYTECODE": "1"},
        tags = tags + ["no-sandbox"],
        **kwargs
    )

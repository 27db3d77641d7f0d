"""cc_grpc_library: .proto files through the system's protoc and grpc_cpp_plugin."""

load("@rules_cc//cc:defs.bzl", "cc_library")

ProtoFilesInfo = provider(fields = {
    "files": "depset of .proto files, own and imported",
    "own": "list of .proto files, own",
    "roots": "depset of folders that imports leave out",
})

def _stem(f):
    return f.basename[:-len(".proto")]

def _proto_gen_impl(ctx):
    imports = depset(ctx.files.srcs, transitive = [d[ProtoFilesInfo].files for d in ctx.attr.deps])
    hdrs, ccs = [], []
    for f in ctx.files.srcs:
        for suffix in [".pb"] + ([".grpc.pb"] if ctx.attr.grpc else []):
            hdrs.append(ctx.actions.declare_file(_stem(f) + suffix + ".h", sibling = f))
            ccs.append(ctx.actions.declare_file(_stem(f) + suffix + ".cc", sibling = f))
        if ctx.attr.grpc and ctx.attr.mocks:
            hdrs.append(ctx.actions.declare_file(_stem(f) + "_mock.grpc.pb.h", sibling = f))
    out = ctx.bin_dir.path
    root = ctx.attr.import_prefix_root  # e.g. third_party/googleapis
    args = ctx.actions.args()
    if root:
        args.add("-I" + root)
        out = out + "/" + root
    args.add("-I.")
    for d in ctx.attr.import_roots:
        args.add("-I" + d)
    args.add("-I/usr/include")
    args.add("--cpp_out=" + out)
    if ctx.attr.grpc:
        args.add("--grpc_out=%s%s" % ("generate_mock_code=true:" if ctx.attr.mocks else "", out))
        args.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        mnemonic = "Protoc",
        progress_message = "Generating %s" % ctx.label,
        executable = ctx.executable._protoc,
        tools = [ctx.executable._plugin],
        inputs = imports,
        outputs = hdrs + ccs,
        arguments = [args],
    )
    return [
        DefaultInfo(files = depset(hdrs + ccs)),
        OutputGroupInfo(hdrs = depset(hdrs), srcs = depset(ccs)),
        ProtoFilesInfo(
            files = imports,
            own = ctx.files.srcs,
            roots = depset([root] if root else [], transitive = [d[ProtoFilesInfo].roots for d in ctx.attr.deps]),
        ),
    ]

_proto_gen = rule(
    implementation = _proto_gen_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"]),
        "deps": attr.label_list(providers = [ProtoFilesInfo]),
        "grpc": attr.bool(default = True),
        "mocks": attr.bool(default = False),
        "import_prefix_root": attr.string(),
        "import_roots": attr.string_list(),
        "_protoc": attr.label(default = "@protoc//:bin/protoc", executable = True, cfg = "exec", allow_single_file = True),
        "_plugin": attr.label(default = "@protoc//:bin/grpc_cpp_plugin", executable = True, cfg = "exec", allow_single_file = True),
    },
)

def _descriptor_set_impl(ctx):
    info = ctx.attr.library[ProtoFilesInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".pb")
    args = ctx.actions.args()
    args.add_all(info.roots, format_each = "-I%s")
    args.add("-I.")
    args.add("-I/usr/include")
    args.add("--include_imports")
    args.add("--include_source_info")
    args.add("--descriptor_set_out=" + out.path)
    args.add_all(info.own)
    ctx.actions.run(
        mnemonic = "ProtocDescriptors",
        executable = ctx.executable._protoc,
        inputs = info.files,
        outputs = [out],
        arguments = [args],
    )
    return [DefaultInfo(files = depset([out]))]

_descriptor_set = rule(
    implementation = _descriptor_set_impl,
    attrs = {
        "library": attr.label(providers = [ProtoFilesInfo]),
        "_protoc": attr.label(default = "@protoc//:bin/protoc", executable = True, cfg = "exec", allow_single_file = True),
    },
)

def descriptor_set(name, library, **kwargs):
    """A FileDescriptorSet, with imports and comments, of a cc_grpc_library's files.

    Args:
      name: the target's name; the file is name.pb
      library: the cc_grpc_library
      **kwargs: visibility and the like
    """
    _descriptor_set(name = name, library = _gen_label(library), **kwargs)

def _gen_label(dep):
    return (dep if ":" in dep else dep + ":" + dep.split("/")[-1]) + "_gen"

def cc_grpc_library(name, srcs, deps = [], grpc = True, mocks = False, root = "", import_roots = [], **kwargs):
    """C++ classes and gRPC stubs of .proto files.

    Args:
      name: the cc_library's name
      srcs: .proto files; they import each other by workspace path
      deps: other cc_grpc_library targets whose files are imported
      grpc: also make the services' stubs
      mocks: also make gMock stubs (foo_mock.grpc.pb.h)
      root: a folder that the imports leave out, as third_party/googleapis; it must be this package
      import_roots: such folders of deps
      **kwargs: for the cc_library
    """
    gen = name + "_gen"
    _proto_gen(
        name = gen,
        srcs = srcs,
        deps = [_gen_label(d) for d in deps],
        grpc = grpc,
        mocks = mocks,
        import_prefix_root = root,
        import_roots = import_roots,
        visibility = kwargs.get("visibility"),
    )
    native.filegroup(name = name + "_hdrs", srcs = [gen], output_group = "hdrs")
    native.filegroup(name = name + "_srcs", srcs = [gen], output_group = "srcs")
    cc_library(
        name = name,
        hdrs = [name + "_hdrs"],
        srcs = [name + "_srcs"],
        deps = deps + ["@grpc//:grpc" if grpc else "@protobuf//:protobuf"],
        includes = ["."] if root else [],
        copts = ["-w"],
        **kwargs
    )

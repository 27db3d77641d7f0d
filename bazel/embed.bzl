"""embed: a file's bytes as a list of C++ integers."""

def embed(name, src):
    """Makes name.inc, to be included between the braces of an array of unsigned char.

    Args:
      name: the target's name
      src: the file
    """
    native.genrule(
        name = name,
        srcs = [src],
        outs = [name + ".inc"],
        cmd = "od -An -v -tx1 $< | sed 's/ /,0x/g; s/^,//; s/$$/,/' > $@",
    )

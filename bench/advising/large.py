"""A root of trixie with some hundred packages of libraries and plugins.

Run it as `python -m bench.advising.large DIRECTORY`
It lies in DIRECTORY/root then, for `python -m bench.advising --root`, with a database of dpkg that names its packages.
No maintainer script has run in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from elfworlds.process import Pool
from elfworlds.toolchains.debian.fetch import Download, fetch
from elfworlds.toolchains.debian.mirror import mirrors
from elfworlds.toolchains.debian.solve import Apt, solve

BASE = ("libc6", "libc6-dev", "gcc", "dash", "coreutils", "libc-bin")
PLUGINS = (
    *("libgtk-4-1", "libgtk-3-0t64", "gstreamer1.0-plugins-base", "gstreamer1.0-plugins-good", "librsvg2-common"),
    *("libqt6widgets6", "qt6-svg-plugins", "qt6-gtk-platformtheme", "libqt5widgets5t64", "qt5-image-formats-plugins"),
    *("libllvm19", "libgl1-mesa-dri", "mesa-vulkan-drivers", "libegl-mesa0", "vulkan-validationlayers", "libvulkan1"),
    *("python3-numpy", "python3-gi", "python3-lxml", "python3-cryptography", "python3-pil", "libpython3.13"),
    *("ruby", "perl", "php8.4-cli", "lua5.4", "guile-3.0-libs", "tcl8.6", "libnss3", "libnss-systemd", "libnss-ldapd"),
    *("libgoogle-perftools4t64", "libjemalloc2", "libtbbmalloc2", "libasan8", "libtsan2", "liblsan0", "libubsan1"),
    *("libboost-filesystem1.83.0", "libboost-locale1.83.0", "libboost-python1.83.0", "libboost-log1.83.0"),
    *("libabsl20240722", "libprotobuf32t64", "libgrpc++1.51t64", "libre2-11", "libicu76", "libxml2"),
    *("libpam-modules", "libpam-systemd", "libsasl2-modules", "krb5-pkinit", "openssl-provider-legacy"),
    *("postgresql-17", "libmariadb3", "libsqlite3-0", "apache2-bin", "libnginx-mod-stream", "libcurl4t64"),
    *("libasound2-plugins", "pipewire-bin", "libavcodec61", "libavfilter10", "libopencv-core410"),
    *("libopenblas0-pthread", "libv8-dev"),
    *("openjdk-21-jre-headless", "libnode115", "libmozjs-128-0", "libgnutls30t64", "gawk", "bash-builtins", "libgomp1"),
)


MERGED = ("bin", "sbin", "lib", "lib64")


def enter(deb: Path, root: Path, listed: str) -> None:
    """Into the root's database of dpkg, so that `dpkg-query --admindir` says whose a file is.

    Args:
        deb: the package.
        root: where its files are.
        listed: their names, as tar says them, one a line.
    """
    database = root / "var/lib/dpkg"
    (database / "info").mkdir(parents=True, exist_ok=True)
    (database / "info" / "format").write_text("1\n")  # several architectures
    words = ["dpkg-deb", "--field", deb]
    control = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(": ", 1) for line in control.splitlines() if line[:1].isalpha() and ": " in line)
    several = f":{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else ""
    names = "".join(f"{line.removeprefix('.').rstrip('/') or '/.'}\n" for line in listed.splitlines())
    (database / "info" / f"{fields['Package']}{several}.list").write_text(names)
    head, _, rest = control.partition("\n")
    with (database / "status").open("a") as file:
        file.write(f"{head}\nStatus: install ok installed\n{rest.rstrip()}\n\n")


def unpack(debs: list[Path], root: Path) -> None:
    """As dpkg does it on a merged /usr."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for deb in debs:
        files = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
        words = ["tar", "-xv", "--keep-directory-symlink", "-C", root]
        enter(deb, root, subprocess.run(words, input=files, check=True, capture_output=True).stdout.decode())
    (root / "usr" / "bin" / "cc").symlink_to("gcc")  # an alternative, which a maintainer script would make
    words = ["bwrap", "--bind", root, "/", "--chdir", "/", "/usr/sbin/ldconfig"]
    subprocess.run(words, check=True)


def main() -> None:
    directory = Path(sys.argv[1])
    with Pool() as pool:
        apt = Apt(run=pool.run, environment=os.environ, mirrors=mirrors(os.environ).bases)
        lock = solve("trixie", apt, {"base": BASE, "plugins": PLUGINS})
    wanted = lock.packages(("base", "plugins"))
    print(len(wanted), "packages")
    download = Download(cache=directory / "debs", mirrors=lambda: mirrors(os.environ), tell=print)
    fetch(lock, wanted, download, lambda: None)
    unpack([download.place(pinned) for pinned in wanted], directory / "root")


if __name__ == "__main__":
    main()

#!/bin/sh
# Is this Python new enough, and can it make a virtual environment? If not, say what to install.
set -u
python=$1
release=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}")

advise() {
	case $release in
	*debian*) echo "install it with: apt-get install $1" ;;
	*fedora* | *rhel*) echo "install it with: dnf install $2" ;;
	*arch*) echo "install it with: pacman -S $2" ;;
	*) echo "install the package of your system that holds it" ;;
	esac >&2
	exit 1
}

command -v "$python" >/dev/null || {
	echo "$python is not in PATH (make PYTHON=… names another one)" >&2
	advise "python3 python3-venv" "python3"
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
	echo "$python is $("$python" --version 2>&1); elfworlds needs Python 3.11 or newer (make PYTHON=…)" >&2
	advise "python3.11 python3.11-venv" "python3.11"
}
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
	echo "$python has no venv module" >&2
	advise "python3-venv" "python3"
}

#!/bin/sh
# Makes .venv and puts requirements into it: `requirements/install.sh requirements.txt [more.txt …]`.
#
# Called by every make target. When nothing has changed it costs a checksum; otherwise it takes the
# fastest way that works on this machine. PYTHON names the interpreter to build .venv with.
set -eu
cd "$(dirname "$0")/.."

VENV=.venv
STAMPS=$VENV/.installed            # one file per requirements file: the checksum that is installed
SUPPORTED='(3, 11) <= sys.version_info[:2] <= (3, 14)'
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
export PIP_USER=0                  # a user-wide default that breaks every install into a venv
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV || true  # an activated venv of another project must not leak in

step() { printf '· %s\n' "$*"; }
fail() { printf '\n' >&2; printf '%s\n' "$@" >&2; exit 1; }
works() { "$1" -c "import sys, ssl, sqlite3, venv; sys.exit(not ($SUPPORTED))" 2>/dev/null; }
has() { "$python" -c "import $1" 2>/dev/null; }
checksum() { cksum <"$1"; }
quietly() {  # run, and show what it said only if it failed
    if said=$("$@" 2>&1); then return 0; fi
    printf '%s\n' "$said" >&2
    return 1
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        works "$PYTHON" || fail "PYTHON=$PYTHON is not a complete Python 3.11 to 3.14 (it needs ssl, sqlite3 and venv)."
        python=$PYTHON
        return
    fi
    for python in python3.11 python3 python3.12 python3.13 python3.14; do
        if works "$python"; then return; fi
    done
    fail "Serai needs Python 3.11 to 3.14, and there is none here (python3: $(python3 --version 2>/dev/null || echo none))." \
        "On Debian or Ubuntu:    sudo apt-get install python3.11 python3.11-venv" \
        "Installed elsewhere:    PYTHON=/path/to/python3.11 make run"
}

borrow_pip() {  # Debian's pip as a file, unpacked into $1: nothing is installed, root isn't needed
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    mkdir -p "$1"
    (
        cd "$1"
        if [ "$(id -u)" = 0 ]; then apt-get update --quiet=2; fi  # a new container has no lists
        apt-get download --quiet=2 python3-pip-whl
        dpkg-deb --extract python3-pip-whl_*.deb .
    ) >/dev/null 2>&1 || return 1
    pip=$(ls "$1"/usr/share/python-wheels/pip-*.whl)
}

make_venv() {
    find_python
    step "creating $VENV with $("$python" --version 2>&1)"
    rm -rf "$VENV"
    if has ensurepip; then
        quietly "$python" -m venv "$VENV"
        return
    fi
    # Debian's and Ubuntu's python3 without their python3-venv: a venv, but no pip to put into it.
    if command -v uv >/dev/null && quietly uv venv --quiet --seed --python "$python" "$VENV"; then return; fi
    quietly "$python" -m venv --without-pip "$VENV"
    if has pip && quietly "$python" -m pip --python "$VENV/bin/python" install --quiet pip; then return; fi
    if borrow_pip "$VENV/borrowed" &&
        quietly env PYTHONPATH="$pip" "$VENV/bin/python" -m pip install --quiet pip; then
        rm -rf "$VENV/borrowed"
        return
    fi
    rm -rf "$VENV"
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    fail "This Python cannot make a complete virtual environment: its ensurepip is missing." \
        "On Debian or Ubuntu:    sudo apt-get install $version-venv" \
        "Then run the same command again."
}

install() {  # uv is ten times faster, pip is always there
    # Where pip is told of an index of its own, uv would look elsewhere: pip knows the way.
    if ! "$VENV/bin/python" -m pip config list 2>/dev/null | grep -q '[.]index-url='; then
        if "$VENV/bin/python" -m uv --version >/dev/null 2>&1 ||
            "$VENV/bin/python" -m pip install --quiet uv >/dev/null 2>&1; then
            if "$VENV/bin/python" -m uv pip install --quiet --python "$VENV/bin/python" "$@" >/dev/null 2>&1; then
                return 0
            fi
        fi
    fi
    quietly "$VENV/bin/python" -m pip install --quiet "$@"
}

if ! works "$VENV/bin/python" || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    make_venv
fi

stale=
for file in "$@"; do
    stamp=$STAMPS/$(basename "$file")
    if [ "$(cat "$stamp" 2>/dev/null)" != "$(checksum "$file")" ]; then stale="$stale $file"; fi
done
if [ -z "$stale" ]; then exit 0; fi

step "installing$stale"
mkdir -p "$STAMPS"
set --
for file in $stale; do
    rm -f "$STAMPS/$(basename "$file")"  # an interrupted install is not an install
    set -- "$@" -r "$file"
done
install "$@" || fail "Installing failed; the lines above say why. Nothing but $VENV was touched."
for file in $stale; do checksum "$file" >"$STAMPS/$(basename "$file")"; done

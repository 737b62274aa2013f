#!/usr/bin/env bash
# Create .venv and install the pinned versions of a constraints file, then the project itself, editable.
# usage: ops/install.sh constraints.txt      (called by make, from the project's folder)
set -euo pipefail

constraints=$1
venv=.venv
complaints=$(mktemp)
trap 'rm -f "$complaints"' EXIT
trap 'echo "Stopped. The next make goes on from here." >&2; exit 130' INT

newest_python() {
    local name
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11 or newer is needed and was not found; install it, or name it with PYTHON=/path/to/python3." >&2
    exit 1
}

# Debian ships Python without venv; root gets it installed, everybody else gets told.
need_venv_module() {
    local python=$1 package
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing $package, which Debian keeps apart from Python."
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -y -qq "$package" >/dev/null &&
            return
    fi
    echo "This Python cannot create virtual environments; install $package (apt install $package) and try again." >&2
    exit 1
}

quietly() { # what a command complains of is told in one sentence, and only when it fails
    "$@" 2>"$complaints" || explain_failure
}

explain_failure() {
    if grep -qE 'KeyboardInterrupt|cancelled by user' "$complaints"; then
        exit 130
    elif grep -q 'No space left' "$complaints"; then
        echo "The disk is full: the packages take about 1 GB, with those of the tests about 3; make room and run make again."
    elif grep -qE "connection broken by|Could not fetch|from versions: none|ConnectionError|TimeoutError" "$complaints"; then
        echo "The packages cannot be fetched ($(network_error)); see to the network (pip heeds HTTPS_PROXY, PIP_INDEX_URL and PIP_CERT) and run make again."
    else
        grep -v '^WARNING' "$complaints"
    fi >&2
    exit 1
}

network_error() { # the innermost error that pip met, as the system words it
    grep -oE '\[Errno [^]]*\] [A-Za-z ]+|\[SSL[^]]*\] [a-z ]+|timed out' "$complaints" | tail -n 1 | grep . ||
        echo "the package index does not have them"
}

if ! [ -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(newest_python)
    need_venv_module "$python"
    echo "Creating $venv with $("$python" -V)."
    quietly "$python" -m venv --clear "$venv"
fi

pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input install --no-deps)

count_packages() { # one moving line on a terminal, nothing elsewhere
    awk -v terminal="$([ -t 1 ] && echo 1)" '
        /^(Collecting|Requirement already)/ && terminal { printf "\r  %d packages", ++n; fflush() }
        END { if (n) print "" }'
}

echo "Installing the packages that $constraints pins (a minute or two the first time)."
# The file pins the whole closure, so there is nothing left to resolve.
quietly "${pip[@]}" --require-hashes -r "$constraints" | count_packages
quietly "${pip[@]}" --quiet --no-build-isolation -e .

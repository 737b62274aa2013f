#!/usr/bin/env bash
# Find what the tests need beyond Python packages, or install it as root on Debian; say what stays missing.
# A test whose tool is missing is skipped with its reason, and fails when REQUIRE_ALL=1.
set -euo pipefail

missing=()

need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null || missing+=("$2")
}

need chromium chromium
need tsc node-typescript
need java default-jre-headless
need docker-compose docker-compose
need prometheus prometheus
# What drives the browser comes with Playwright, and a minimal Debian lacks what it is linked to.
for driver in .venv/lib/python*/site-packages/playwright/driver/node; do
    "$driver" --version >/dev/null 2>&1 || missing+=(libatomic1)
done

[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing what the tests need: ${missing[*]}"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get install -y -qq "${missing[@]}" >/dev/null; then
        exit 0
    fi
fi
echo "Missing for some tests: ${missing[*]} (install them with your package manager); those tests are skipped."

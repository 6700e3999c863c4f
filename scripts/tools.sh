#!/usr/bin/env bash
# Checks that the tools of the build are there, and installs what Debian can bring.
set -euo pipefail

packages=()
command -v cc >/dev/null || packages+=(build-essential)
command -v make >/dev/null || packages+=(make)
command -v git >/dev/null || packages+=(git)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3 python3-venv)
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)
command -v chromium >/dev/null || packages+=(chromium)

if ((${#packages[@]})); then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update
  "${as_root[@]}" apt-get install --yes --no-install-recommends "${packages[@]}"
fi

command -v cargo >/dev/null || {
  echo "error: cargo is missing" >&2
  echo "  next: install Rust with rustup; Cargo.toml names the version as rust-version" >&2
  exit 1
}
cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
cargo --version
cargo clippy --version
cargo deny --version
python3 --version
node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' || {
  echo "error: Node.js $(node --version) is too old for the web app" >&2
  echo "  next: install Node.js 20.19 or newer" >&2
  exit 1
}
node --version
chromium --version
# All of it is read: who writes to a reader that has gone fails.
make --version | sed -n 1p

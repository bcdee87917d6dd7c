#!/usr/bin/env bash
# Installs the binary of a release (`setup.sh install`) and starts it (`setup.sh start`). The action beside this file calls it; it works
# in any other CI as well, where the files of GitHub's runner are missing and nothing is written to them.
set -euo pipefail

releases=${SEATRIAL_RELEASES:-https://github.com/seatrial/seatrial/releases}
folder=${SEATRIAL_FOLDER:-${RUNNER_TEMP:-/tmp}/seatrial}
: "${GITHUB_OUTPUT:=/dev/null}" "${GITHUB_PATH:=/dev/null}" "${GITHUB_ENV:=/dev/null}"

fail() {
  echo "error: $1" >&2
  exit 1
}

triple() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo x86_64-unknown-linux-gnu ;;
    Linux-aarch64) echo aarch64-unknown-linux-gnu ;;
    Darwin-x86_64) echo x86_64-apple-darwin ;;
    Darwin-arm64) echo aarch64-apple-darwin ;;
    MINGW*-x86_64 | MSYS*-x86_64) echo x86_64-pc-windows-msvc ;;
    *) fail "there is no release for $(uname -s) on $(uname -m); use \`cargo install seatrial\`" ;;
  esac
}

# Prints the digest of a file.
digest() {
  if command -v sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

install() {
  local version=${VERSION:-latest} from=$releases/latest/download triple sums name
  triple=$(triple)
  if [ "$version" != latest ]; then from=$releases/download/v${version#v}; fi
  mkdir -p "$folder"
  sums=$(curl --fail --silent --show-error --location --retry 3 "$from/SHA256SUMS") || fail "there is no release $version"
  name=$(grep --only-matching "seatrial-[^ ]*-$triple\.tar\.gz\$" <<< "$sums") || fail "release $version has nothing for $triple"
  curl --fail --silent --show-error --location --retry 3 --output "$folder/$name" "$from/$name"
  grep --quiet "^$(digest "$folder/$name") .*$name\$" <<< "$sums" || fail "$name is not what SHA256SUMS says"
  tar -xzf "$folder/$name" -C "$folder" --strip-components 1
  rm "$folder/$name"
  version=$("$folder/seatrial" --version)
  echo "version=${version#seatrial }" >> "$GITHUB_OUTPUT"
  echo "$folder" >> "$GITHUB_PATH"
  echo "$version in $folder"
}

start() {
  local listen=${SEATRIAL_LISTEN:-127.0.0.1:7447} arguments
  # Words, as on a command line; none of them is expanded.
  read -r -a arguments <<< "${ARGUMENTS:-}"
  # The server outlives this step. Its log is a file that later steps may show.
  SEATRIAL_LISTEN=$listen nohup "$folder/seatrial" serve ${arguments[@]+"${arguments[@]}"} \
    > "$folder/ready.txt" 2> "$folder/seatrial.log" < /dev/null &
  echo $! > "$folder/pid"
  if ! SEATRIAL_LISTEN=$listen "$folder/seatrial" health --wait 20s; then
    cat "$folder/seatrial.log" >&2
    fail "seatrial did not become ready"
  fi
  echo "url=http://$listen" >> "$GITHUB_OUTPUT"
  echo "SEATRIAL_URL=http://$listen" >> "$GITHUB_ENV"
  cat "$folder/ready.txt"
}

case "${1:-}" in
  install) install ;;
  start) start ;;
  *) fail 'usage: setup.sh install | start' ;;
esac

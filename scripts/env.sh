# Sourced by the other scripts, from the repository's root: where the tools are, and how a stage announces itself.
#   TOOLS_DIR=DIR   where scripts/setup keeps trunk, wasm-bindgen and a private sysroot (default: .tools)
root=$PWD
export TOOLS_DIR=${TOOLS_DIR:-$root/.tools}
case $TOOLS_DIR in /*) ;; *) TOOLS_DIR=$root/$TOOLS_DIR ;; esac
export PATH="$TOOLS_DIR/bin:$root/end2end/node_modules/.bin:$PATH"
# a rustup installation that no login shell has put on the PATH yet
if ! command -v cargo >/dev/null 2>&1 && [ -x "$HOME/.cargo/bin/cargo" ]; then export PATH="$HOME/.cargo/bin:$PATH"; fi
# one compiler for host and wasm in one run: switching it would rebuild every dependency
[ ! -e "$TOOLS_DIR/toolchain.env" ] || . "$TOOLS_DIR/toolchain.env"
# the C code (SQLite) and a cold build want every core; an impatient terminal wants colours
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
target_dir=${CARGO_TARGET_DIR:-$root/target}

if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; else bold='' plain=''; fi
say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain"; }
have() { command -v "$1" >/dev/null 2>&1; }

# stage TITLE COMMAND...: announces itself, runs, says how long it took; a failure names the stage and ends the script
stage() {
  local title=$1 started=$SECONDS
  shift
  say "$title"
  if "$@"; then
    printf '    %s: %s s\n' "$title" "$((SECONDS - started))"
  else
    local code=$?
    printf '%s    FAILED: %s, after %s s%s\n' "$bold" "$title" "$((SECONDS - started))" "$plain" >&2
    exit "$code"
  fi
}

# Sourced by the fakes: what FAKE_HANGS names hangs, what FAKE_FAILS names fails.
name=$(basename "$0")
case " ${FAKE_HANGS:-} " in *" $name "*) exec sleep 600 ;; esac
case " ${FAKE_FAILS:-} " in *" $name "*) echo "$name: a planted failure"; exit 9 ;; esac
option() {  # NAME ARGUMENT..: the value behind --NAME
  local name=$1
  shift
  while [ $# -gt 1 ]; do
    [ "$1" != "--$name" ] || { echo "$2"; return; }
    shift
  done
}

#!/bin/sh
# The units under a real systemd: installs into a Debian 12 container as docs/install.md says, starts
# them, kills, hangs and stops them, gives them a wrong configuration. Not part of `make test`: it
# needs root, three to six minutes, some 900 MB in /var/tmp and
#     apt-get install debootstrap systemd-container
# Usage: make setup && tests/e2e/service_in_container.sh [real|stand-in]
#   real      (the default) central and the agent, by the page's own commands, with a sale end to end
#   stand-in  a program that reports what the unit lets it do, where the agent would not try
# Environment: MIRROR (a Debian mirror), ROOT (kept from run to run), AGENT_TOML (real: another
# configuration; scanner and printer have to be where the example made below has them).
# The container has no network of its own while it runs, and nothing of it is left running.
set -eu
KIND=${1:-real}
HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
MIRROR=${MIRROR:-http://deb.debian.org/debian}
ROOT=${ROOT:-/var/tmp/edge-agent-container}
LIMIT_S=900

[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }
for program in debootstrap systemd-nspawn; do
    command -v $program > /dev/null || {
        echo "needs $program: apt-get install debootstrap systemd-container" >&2
        exit 2
    }
done
case $KIND in
    stand-in | real) ;;
    *) echo "usage: $0 [real|stand-in]" >&2; exit 2 ;;
esac

if [ ! -e "$ROOT/.complete" ]; then
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,python3,python3-venv,ca-certificates,curl \
        bookworm "$ROOT" "$MIRROR" > "$ROOT.log" || { tail -n 5 "$ROOT.log" >&2; exit 3; }
    touch "$ROOT/.complete"
fi

# Wheels are fetched here, where pip knows its index; the container installs from the folder.
WHEELS=$ROOT/root/wheels
mkdir -p "$WHEELS"
rm -f "$WHEELS"/loyalty_edge_agent-*
"$REPOSITORY/.venv/bin/pip" download --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: --dest "$WHEELS" --requirement "$REPOSITORY/requirements-run.lock" 2> "$ROOT.log" || {
    tail -n 5 "$ROOT.log" >&2
    exit 3
}
(cd "$REPOSITORY" && .venv/bin/python -m hatchling build -t wheel -d "$WHEELS" > /dev/null 2>&1)

# What earlier runs left, so that every run starts as on a new machine.
(cd "$ROOT" && rm -rf opt/* etc/edge-agent var/lib/edge-agent var/log/journal etc/loyalty-central \
    var/lib/loyalty-central etc/systemd/system/edge-agent* etc/systemd/system/loyalty-central* \
    etc/systemd/system/*.wants/edge-agent* etc/systemd/system/*.wants/loyalty-central* \
    usr/lib/sysusers.d/edge-agent.conf usr/lib/sysusers.d/loyalty-central.conf \
    usr/lib/tmpfiles.d/edge-agent.conf usr/lib/tmpfiles.d/loyalty-central.conf etc/udev/rules.d/60-edge-agent.rules \
    root/trial root/parcel root/edited)
# In the background, so that an end from outside (Ctrl-C, a CI's time limit) ends the container as well.
CONTAINER=
trap '[ -z "$CONTAINER" ] || { kill "$CONTAINER" 2> /dev/null; wait "$CONTAINER"; }' EXIT
trap 'exit 3' INT TERM
contained() { # contained ARGUMENT...: of systemd-nspawn; its exit code
    timeout --kill-after=20 "$LIMIT_S" systemd-nspawn --quiet --directory="$ROOT" --register=no --keep-unit \
        --console=pipe "$@" < /dev/null &
    CONTAINER=$!
    code=0
    wait "$CONTAINER" || code=$?
    CONTAINER=
    return $code
}
in_root() { # in_root COMMAND: with the machine's network
    contained sh -eu -c "$1"
}
if [ "$KIND" = real ]; then
    TRIAL=service_trial_real.sh
    mkdir "$ROOT/root/parcel" "$ROOT/root/edited"
    cp "$WHEELS"/loyalty_edge_agent-* "$REPOSITORY/requirements-run.lock" "$ROOT/root/parcel/"
    cp "$REPOSITORY/config/programme.example.toml" "$ROOT/root/parcel/programme.toml"
    cp "$REPOSITORY/docs/install.md" "$ROOT/root/"
    # What an editor would make of the examples: addresses and ports, and a scanner shared with the POS.
    cp "$REPOSITORY/config/central.example.toml" "$ROOT/root/edited/central.toml"
    sed -e 's|^url = .*|url = "http://127.0.0.1:8430"|' -e 's|^host = .*|host = "127.0.0.1"|' \
        -e 's|^port = "/dev/serial.*|port = "/dev/serial/by-id/usb-Trial_Scanner-if00"|' \
        -e 's|^share = .*|share = "pty:/run/edge-agent/pos-scanner"|' -e 's|^# token_file|token_file|' \
        "${AGENT_TOML:-$REPOSITORY/config/agent.example.toml}" > "$ROOT/root/edited/agent.toml"
    [ -x "$ROOT/usr/bin/curl" ] || in_root 'apt-get update --quiet=2; apt-get install --quiet=2 --yes curl'
else
    TRIAL=service_trial.sh
    cp "$REPOSITORY/requirements-run.lock" "$ROOT/root/"
    printf '[terminal]\nstore = "0412"\n' > "$ROOT/root/agent.toml"
    in_root '
        python3 -m venv /opt/edge-agent-trial
        ln -sfn edge-agent-trial /opt/edge-agent
        PIP="/opt/edge-agent/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /root/wheels"
        $PIP --require-hashes --requirement /root/requirements-run.lock
        $PIP --no-deps /root/wheels/loyalty_edge_agent-*.whl
    '
    { echo '#!/opt/edge-agent/bin/python'; cat "$HERE/stand_in_agent.py"; } > "$ROOT/opt/edge-agent/bin/edge-agent"
    chmod 0755 "$ROOT/opt/edge-agent/bin/edge-agent"
fi
cp "$HERE/$TRIAL" "$ROOT/root/"

cat > "$ROOT/etc/systemd/system/trial.service" <<UNIT
[Unit]
After=basic.target dbus.socket
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh /root/$TRIAL > /root/trial.log 2>&1; echo \$\$? > /root/trial.exit'
UNIT
mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
ln -sf ../trial.service "$ROOT/etc/systemd/system/multi-user.target.wants/trial.service"
rm -f "$ROOT/root/trial.log" "$ROOT/root/trial.exit"
contained --boot --private-network > "$ROOT.boot.log" 2>&1 || true
cat "$ROOT/root/trial.log"
[ "$(cat "$ROOT/root/trial.exit" 2> /dev/null)" = 0 ]

#!/bin/sh
# The unit under a real systemd: installs into a Debian 12 container as docs/install.md says, starts
# it, kills it, hangs it, stops it, gives it a wrong configuration. Not part of `make test`: it needs
# root, two minutes, some 700 MB in /var/tmp and
#     apt-get install debootstrap systemd-container
# Usage: make setup && tests/e2e/service_in_container.sh [stand-in|real]
#   stand-in  (the default) a program that reports what the unit lets it do
#   real      the agent itself, with the configuration AGENT_TOML
# Environment: MIRROR (a Debian mirror), ROOT (kept from run to run), AGENT_TOML.
set -eu
KIND=${1:-stand-in}
HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
MIRROR=${MIRROR:-http://deb.debian.org/debian}
ROOT=${ROOT:-/var/tmp/edge-agent-container}
LIMIT_S=300

[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 2; }
for program in debootstrap systemd-nspawn; do
    command -v $program > /dev/null || {
        echo "needs $program: apt-get install debootstrap systemd-container" >&2
        exit 2
    }
done
case $KIND in
    stand-in) printf '[terminal]\nstore = "0412"\n' > "$ROOT.toml" ;;
    real) cp "${AGENT_TOML:?names the configuration to try}" "$ROOT.toml" ;;
    *) echo "usage: $0 [stand-in|real]" >&2; exit 2 ;;
esac

if [ ! -e "$ROOT/.complete" ]; then
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,python3,python3-venv,ca-certificates \
        bookworm "$ROOT" "$MIRROR" > "$ROOT.log" || { tail -n 5 "$ROOT.log" >&2; exit 3; }
    touch "$ROOT/.complete"
fi

# Wheels are fetched here, where pip knows its index; the container installs from the folder.
WHEELS=$ROOT/root/wheels
mkdir -p "$WHEELS"
rm -f "$WHEELS"/loyalty_edge_agent-*
"$REPOSITORY/.venv/bin/pip" download --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: --dest "$WHEELS" --requirement "$REPOSITORY/requirements-run.lock"
(cd "$REPOSITORY" && .venv/bin/python -m hatchling build -t wheel -d "$WHEELS" > /dev/null 2>&1)
cp "$REPOSITORY/requirements-run.lock" "$HERE/service_trial.sh" "$HERE/stand_in_agent.py" "$ROOT/root/"
mv "$ROOT.toml" "$ROOT/root/agent.toml"

# What earlier runs left, so that every run starts as on a new machine.
rm -rf "$ROOT/opt/edge-agent" "$ROOT/opt/edge-agent-trial" "$ROOT/etc/edge-agent" "$ROOT/var/lib/edge-agent" \
    "$ROOT/var/cache/edge-agent" "$ROOT/etc/systemd/system/edge-agent.service.d" "$ROOT/var/log/journal"
systemd-nspawn --quiet --directory="$ROOT" --register=no --keep-unit --console=pipe sh -eu -c '
    python3 -m venv /opt/edge-agent-trial
    ln -sfn edge-agent-trial /opt/edge-agent
    PIP="/opt/edge-agent/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /root/wheels"
    $PIP --require-hashes --requirement /root/requirements-run.lock
    $PIP --no-deps /root/wheels/loyalty_edge_agent-*.whl
' < /dev/null
if [ "$KIND" = stand-in ]; then
    { echo '#!/opt/edge-agent/bin/python'; cat "$HERE/stand_in_agent.py"; } > "$ROOT/opt/edge-agent/bin/edge-agent"
    chmod 0755 "$ROOT/opt/edge-agent/bin/edge-agent"
fi

cat > "$ROOT/etc/systemd/system/trial.service" <<UNIT
[Unit]
After=basic.target dbus.socket
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'sh /root/service_trial.sh $KIND > /root/trial.log 2>&1; echo \$\$? > /root/trial.exit'
UNIT
mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
ln -sf ../trial.service "$ROOT/etc/systemd/system/multi-user.target.wants/trial.service"
rm -f "$ROOT/root/trial.log" "$ROOT/root/trial.exit"
timeout "$LIMIT_S" systemd-nspawn --quiet --directory="$ROOT" --register=no --keep-unit --boot \
    --console=pipe < /dev/null > "$ROOT.boot.log" 2>&1 || true
cat "$ROOT/root/trial.log"
[ "$(cat "$ROOT/root/trial.exit" 2> /dev/null)" = 0 ]

#!/bin/sh
# Runs inside the container of service_in_container.sh (stand-in), as root, and prints one line per promise.
# Everything it does is what docs/install.md tells store IT to do.
set -u
passed=0 failures=0

says() { # says WHAT CONDITION...: prints "ok" or "FAILED"
    what=$1
    shift
    if "$@"; then echo "ok      $what"; passed=$((passed + 1)); else echo "FAILED  $what"; failures=$((failures + 1)); fi
}
property() { systemctl show --value --property="$1" edge-agent; }
within() { # within SECONDS CONDITION...
    left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}
active() { [ "$(property ActiveState)" = active ]; }
failed() { [ "$(property ActiveState)" = failed ]; }
another_pid() { # asked in one go, since a killed unit has no pid before it is inactive
    seen=$(systemctl show --property=ActiveState --property=MainPID edge-agent | sort | tr '\n' ' ')
    case $seen in
        "ActiveState=active MainPID=$1 " | "ActiveState=active MainPID=0 ") return 1 ;;
        "ActiveState=active "*) return 0 ;;
        *) return 1 ;;
    esac
}
journal_has() { journalctl --unit=edge-agent --output=cat | grep -q "$1"; }
owned() { [ "$(stat --format='%a %U %G' "$1")" = "$2" ]; }
fact() { # fact GROUP NAME VALUE
    python3 -c 'import json, sys
got = json.load(open("/var/lib/edge-agent/facts.json"))[sys.argv[1]][sys.argv[2]]
print("        ", sys.argv[2] + ":", got)
sys.exit((got == "ok") != (sys.argv[1] == "allowed"))' "$1" "$2"
}

SHARE=/opt/edge-agent/share/loyalty-edge-agent/systemd
install -m 0644 $SHARE/edge-agent.service /etc/systemd/system/
install -D -m 0644 $SHARE/edge-agent.sysusers /usr/lib/sysusers.d/edge-agent.conf
install -D -m 0644 $SHARE/edge-agent.tmpfiles /usr/lib/tmpfiles.d/edge-agent.conf
install -D -m 0644 $SHARE/60-edge-agent.rules /etc/udev/rules.d/60-edge-agent.rules
systemd-sysusers
install -d /etc/edge-agent
python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > /etc/edge-agent/token
cp /root/agent.toml /etc/edge-agent/agent.toml
systemd-tmpfiles --create edge-agent.conf
# Stand-ins for device nodes of those groups, and a cashier's home.
install -D -m 0640 -o root -g dialout /dev/null /srv/dialout
install -D -m 0640 -o root -g lp /dev/null /srv/lp
install -d -m 0777 /home/cashier
# The first serial port and the tunnel device, open to all: only DeviceAllow= tells them apart.
rm -f /srv/ttyS0 /srv/tun
mknod -m 0666 /srv/ttyS0 c 4 64
mknod -m 0666 /srv/tun c 10 200
# A till waits 30 s; the trial need not.
install -d /etc/systemd/system/edge-agent.service.d
printf '[Service]\nWatchdogSec=6s\n' > /etc/systemd/system/edge-agent.service.d/trial.conf
# Where the host has the old cgroups, the container gets that of devices read-only, and DeviceAllow=
# would not be tried.
mount -o remount,bind,rw /sys/fs/cgroup/devices 2> /dev/null
systemctl daemon-reexec

says "configuration is for root and the agent only" owned /etc/edge-agent/agent.toml "640 root edge-agent"
says "the token is for the POS's group" owned /etc/edge-agent/token "640 root edge-agent-pos"
says "starts and says that it is ready" systemctl start edge-agent
says "is active" active
says "the state folder is closed" owned /var/lib/edge-agent "700 edge-agent edge-agent"
echo "        status: $(property StatusText)"
echo "        memory: $(property MemoryCurrent) bytes, tasks: $(property TasksCurrent)"

for name in state runtime configuration token boot_id pty dialout lp loopback serial_port; do
    says "may use $name" fact allowed $name
done
for name in other_device etc home usr writable_and_executable packet_socket clock core_dump; do
    says "is refused $name" fact refused $name
done

pid=$(property MainPID)
sleep 8
says "is left alone while it makes progress" [ "$(property MainPID)" = "$pid" ]

kill -9 "$pid"
says "comes back after kill -9" within 30 another_pid "$pid"

pid=$(property MainPID)
kill -USR1 "$pid"
says "is restarted when it hangs" within 60 another_pid "$pid"
says "the journal says why" journal_has "Watchdog timeout"
says "the journal shows where every thread stood" journal_has "most recent call first"

rm -f /var/lib/edge-agent/stopped
begun=$(date +%s%N)
systemctl stop edge-agent
took_ms=$((($(date +%s%N) - begun) / 1000000))
echo "        stopped after $took_ms ms: $(property Result)"
says "ends by itself on SIGTERM, within 2 s" [ "$took_ms" -lt 2000 ]
says "and cleanly" [ "$(property Result)" = success ]

echo wrong >> /etc/edge-agent/agent.toml
systemctl start edge-agent
says "a wrong configuration shows as failed" within 30 failed
restarts=$(property NRestarts)
sleep 5
says "and is not tried again" [ "$(property NRestarts)/$(property ActiveState)" = "$restarts/failed" ]
says "systemctl --failed lists it" sh -c 'systemctl --failed --plain --no-legend | grep -q edge-agent.service'

cp /root/agent.toml /etc/edge-agent/agent.toml
systemctl start edge-agent
says "starts again once it is repaired" within 30 active
systemctl stop edge-agent

systemd-creds encrypt --name=token /etc/edge-agent/token /etc/edge-agent/token.cred
printf '[Service]\nLoadCredentialEncrypted=token:/etc/edge-agent/token.cred\n' \
    > /etc/systemd/system/edge-agent.service.d/token.conf
systemctl daemon-reload
systemctl start edge-agent
says "reads a token sealed to this machine" fact allowed credential
systemctl stop edge-agent

echo "---- the journal"
journalctl --unit=edge-agent --output=short-monotonic --no-pager --no-hostname | tail -n 60
echo "---- $passed passed, $failures failed"
exit "$failures"

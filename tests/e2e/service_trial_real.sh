#!/bin/sh
# Runs inside the container of service_in_container.sh, as root, without a network: central and the
# agent themselves, installed by the commands of docs/install.md, which are taken from that page.
# Prints one line per promise, and "N passed, N failed" at the end.
# Replaced in the page's commands: apt-get (done before), udevadm (no udev runs in a container),
# `editor` (writes what is in /root/edited/), CODE, POS_USER, NEW. Wheels come from a folder. Between agent and central there is no TLS here.
set -u
PAGE=/root/install.md
PARCEL=/root/parcel # what store IT brings along
TEMPORARY=/root/trial
AGENT=/opt/edge-agent/bin/edge-agent
CONFIG=/etc/edge-agent/agent.toml
AT=http://127.0.0.1:8420
MEMBER=2912345678906
NAME=Proefpersoon
PAYMENT_CARD=4111111111111111
SHARED=/run/edge-agent/pos-scanner
export PIP_NO_INDEX=1 PIP_FIND_LINKS=/root/wheels PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
passed=0 failed=0

says() { # says WHAT CONDITION...
    what=$1
    shift
    if "$@"; then
        echo "ok      $what"
        passed=$((passed + 1))
    else
        echo "FAILED  $what"
        failed=$((failed + 1))
    fi
}
ends() {
    echo "---- $passed passed, $failed failed"
    exit "$((failed > 0))"
}
needed() { # needed WHAT CONDITION...: without it there is nothing to try
    before=$failed
    says "$@"
    [ "$failed" = "$before" ] || { logs | tail -n 40 | cut -c 1-220 | shows; ends; }
}
shows() { sed 's/^/        /' "$@"; }
within() { # within SECONDS CONDITION...
    left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
property() { systemctl show --value --property="$1" "${2:-edge-agent}"; }
state_is() { [ "$(property ActiveState "${2:-}")" = "$1" ]; } # state_is STATE [UNIT]
another_pid() { # another_pid PID [UNIT]: asked in one go, since a killed unit has no pid before it is inactive
    seen=$(systemctl show --property=ActiveState --property=MainPID "${2:-edge-agent}" | sort | tr '\n' ' ')
    case $seen in
        "ActiveState=active MainPID=$1 " | "ActiveState=active MainPID=0 ") return 1 ;;
        "ActiveState=active "*) return 0 ;;
        *) return 1 ;;
    esac
}
refuses() { # refuses UNIT: it has failed with exit code 1, and stays so
    restarts=$(property NRestarts "$1")
    sleep 5
    [ "$(property NRestarts "$1") $(property ActiveState "$1") $(property ExecMainStatus "$1")" = "$restarts failed 1" ]
}
logs() { journalctl --unit=edge-agent --unit=loyalty-central --output=cat --no-pager; }
logs_have() { logs | grep -q -- "$1"; }
logs_lack() { ! logs_have "$1"; }
owned() { [ "$(stat --format='%a %U %G' "$1")" = "$2" ]; }
not() { ! "$@"; }

# --- The page
block() { # block HEADING N: the Nth sh block below a heading of the page
    awk -v heading="$1" -v wanted="$2" '
        /^## / { here = ($0 == "## " heading) }
        here && /^ *```sh$/ { n += 1; inside = 1; next }
        /^ *```$/ { inside = 0 }
        here && inside && n == wanted { sub(/^  /, ""); print }' "$PAGE"
}
page() { # page HEADING N: run it as it stands
    block "$1" "$2" | sed -e '/^apt-get/d' -e '/^udevadm/d' -e "s/--code CODE/--code ${CODE:-}/" -e 's/POS_USER/pos/' \
        -e 's/agent-NEW-py3/agent-'"$VERSION"'-py3/' -e 's/edge-agent-NEW/edge-agent-next/' > "$TEMPORARY/block"
    [ -s "$TEMPORARY/block" ] || { echo "        the page has no block $2 below $1"; return 1; }
    (cd "$PARCEL" && sh -eu "$TEMPORARY/block") > "$TEMPORARY/said" 2>&1 || {
        shows "$TEMPORARY/said"
        return 1
    }
}
said() { grep -q -- "$1" "$TEMPORARY/said"; }

# --- The POS: a user of group edge-agent-pos with curl
cat > /usr/local/bin/pos-call <<'POS'
#!/bin/sh
# pos-call PATH [BODY]: prints the answer, then its status on a line of its own
printf 'Authorization: Bearer %s\n' "$(cat /etc/edge-agent/token)" | curl --silent --max-time 10 --header @- \
    ${2:+--header 'Content-Type: application/json' --data "$2"} --write-out '\n%{http_code}\n' "http://127.0.0.1:8420$1"
POS
chmod 0755 /usr/local/bin/pos-call
pos() { runuser -u pos -- pos-call "$@"; }
answers() { # answers STATUS PATH [BODY]; what was answered is in $TEMPORARY/answer
    wanted=$1
    shift
    pos "$@" > "$TEMPORARY/answer"
    [ "$(tail -n 1 "$TEMPORARY/answer")" = "$wanted" ]
}
holds() { # holds EXPRESSION: true when it holds for the last answer, `a`
    head -n 1 "$TEMPORARY/answer" | python3 -c 'import json, sys; a = json.load(sys.stdin); sys.exit(not eval(sys.argv[1]))' "$1"
}
sale() { # sale ID: a basket of 2.58 with the member's card; the same bytes each time
    [ -e "$TEMPORARY/sale-$1" ] || printf '{"sale_id": "%s", "at": "%s", "card": {"code": "%s", "entry": "scanned"}, "lines": [{"line": 1, "sku": "8710400011118", "name": "Halfvolle melk 1L", "quantity": 2, "amount": 258, "categories": ["dairy"]}], "total": {"amount": 258, "currency": "EUR"}, "print": true}' \
        "$1" "$(date --iso-8601=seconds)" "$MEMBER" > "$TEMPORARY/sale-$1"
    cat "$TEMPORARY/sale-$1"
}
sells() { answers "$1" /v1/sales "$(sale "$2")"; }
state_of() { # state_of SALE EXPRESSION
    answers 200 "/v1/sales/$1" && holds "$2"
}
journal_whole() {
    runuser -u edge-agent -- $AGENT journal verify --config $CONFIG > "$TEMPORARY/verify" 2>&1
    code=$?
    shows "$TEMPORARY/verify"
    [ $code = 0 ]
}
central_has() { # central_has N: so many records accepted, and none otherwise
    runuser -u loyalty-central -- /opt/loyalty-central/bin/loyalty-central report totals --config /etc/loyalty-central/central.toml > "$TEMPORARY/totals" 2>&1
    grep -q "0412/03  accepted  $1 records" "$TEMPORARY/totals" && not grep -Eq 'rejected|parked|received ' "$TEMPORARY/totals"
}

rm -rf "$TEMPORARY"
mkdir -p "$TEMPORARY"
VERSION=$(ls "$PARCEL" | sed -n 's/^loyalty_edge_agent-\(.*\)-py3.*/\1/p')
printf '#!/bin/sh\nexec cat "/root/edited/$(basename "$1")" > "$1"\n' > /usr/local/bin/editor
chmod 0755 /usr/local/bin/editor
printf 'card,display_name,points\n%s,%s,100\n' $MEMBER $NAME > "$PARCEL/members.csv"
id pos > /dev/null 2>&1 || useradd --create-home pos
id stranger > /dev/null 2>&1 || useradd --create-home stranger

echo "---- central, by the page"
needed "installs and starts as the page says" page "The reference central" 1
says "is active" within 20 sh -c 'curl --silent --max-time 2 http://127.0.0.1:8430/healthz > /dev/null'
needed "publishes, imports, and gives a code" page "The reference central" 2
CODE=$(grep -B1 '^for 0412/03' "$TEMPORARY/said" | head -n 1)
says "there is a one-time code" [ -n "$CODE" ]
says "backs up while it runs" page "The reference central" 3
says "keeps its data closed" owned /var/lib/loyalty-central "700 loyalty-central loyalty-central"
systemd-analyze security --no-pager loyalty-central | tail -n 1 | shows

echo "---- the agent, by the page"
needed "1. the programme" page "1. The programme" 1
# The hardware: a printer behind TCP and a scanner on a cable, which belongs to dialout as udev has it.
mkdir -p /dev/serial/by-id
mkfifo "$TEMPORARY/printer" "$TEMPORARY/scanner"
/opt/edge-agent/bin/python -m drivers.simulated_printer_server --pictures "$TEMPORARY/paper" < "$TEMPORARY/printer" > /dev/null 2>&1 &
exec 7> "$TEMPORARY/printer"
mkdir -p "$TEMPORARY/paper"
/opt/edge-agent/bin/python -c '
import os, shutil, sys
from pathlib import Path
from drivers.simulated_scanner import PtyScanner
link = Path("/dev/serial/by-id/usb-Trial_Scanner-if00")
with PtyScanner(link) as scanner:
    shutil.chown(link.resolve(), "root", "dialout")
    link.resolve().chmod(0o660)
    for code in sys.stdin:
        scanner.scan(code.strip())' < "$TEMPORARY/scanner" > "$TEMPORARY/scanner.log" 2>&1 &
exec 8> "$TEMPORARY/scanner"
says "the scanner is plugged in" within 20 [ -L /dev/serial/by-id/usb-Trial_Scanner-if00 ]
needed "2. user, folders, devices" page "2. User, folders, devices" 1
says "3. configuration" page "3. Configuration" 1
says "   a token for the POS" page "3. Configuration" 2
says "   its user may read it" page "3. Configuration" 3
says "   check finds nothing wrong" page "3. Configuration" 4
shows "$TEMPORARY/said"
says "   configuration is for root and the agent only" owned $CONFIG "640 root edge-agent"
says "   the token is for the POS's group" owned /etc/edge-agent/token "640 root edge-agent-pos"
says "   a stranger cannot read the token" not runuser -u stranger -- cat /etc/edge-agent/token 2> /dev/null
usermod --append --groups edge-agent pos # of a shared scanner, docs/drivers.md
needed "4. enrol and start" page "4. Enrol and start" 1
looks_ready() { page "5. Look" 1 && said 'Status: "ready"' && said '"readiness":"ready"'; }
says "5. look: active (running), status and readyz say ready" within 20 looks_ready
grep -E 'Active:|Status:|readiness' "$TEMPORARY/said" | cut -c 1-160 | shows
says "   status with the token" page "5. Look" 2
says "the state folder is closed" owned /var/lib/edge-agent "700 edge-agent edge-agent"
says "it is a notify service with a watchdog" [ "$(property Type) $(property WatchdogUSec)" = "notify 30s" ]
fed=$(property WatchdogTimestampMonotonic)
sleep 3
says "the watchdog is fed" [ "$(property WatchdogTimestampMonotonic)" -gt "$fed" ]
exposure=$(systemd-analyze security --no-pager edge-agent | tail -n 1)
echo "$exposure" | shows
grep VmRSS "/proc/$(property MainPID)/status" | shows

echo "---- a sale"
members_are_here() { answers 200 /v1/status && holds 'a["members"]["count"] == 1 and a["central"]["state"] == "connected"'; }
says "members have come from central" within 30 members_are_here
needed "a sale by curl, as a user of group edge-agent-pos" sells 201 trial-1
holds 'print("        ", *a["result"]["receipt"]["lines"], sep="\n         ") or True'
says "the member is known and has 102 points" holds 'a["result"]["balance"]["points"]["confirmed"] + a["result"]["balance"]["points"]["unconfirmed"] == 102'
says "a stranger's sale is refused" [ "$(curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}' --header 'Content-Type: application/json' --data "$(sale trial-x)" $AT/v1/sales)" = 401 ]
says "the receipt is printed" within 20 state_of trial-1 'a["now"]["print"] == "printed"'
says "there is paper" within 5 [ -s "$TEMPORARY/paper/receipt-00001.png" ]
says "central has accepted it" within 20 state_of trial-1 'a["now"]["central"] == "accepted"'
says "central says so too" central_has 1
says "a payment card's number is refused" answers 422 /v1/identify "{\"code\": \"$PAYMENT_CARD\", \"entry\": \"keyed\"}"

echo "---- kill -9 while central is away"
systemctl stop loyalty-central
says "a sale without central" sells 201 trial-2
head -n 1 "$TEMPORARY/answer" > "$TEMPORARY/before"
begun=$(now_ms)
pid=$(property MainPID)
kill -9 "$pid"
says "comes back after kill -9" within 30 another_pid "$pid"
echo "        after $(($(now_ms) - begun)) ms, of which RestartSec is 3000"
says "the same sale has the same answer" sells 200 trial-2
says "to the byte" sh -c 'head -n 1 '"$TEMPORARY"'/answer | cmp -s - '"$TEMPORARY/before"
says "it waits for central" state_of trial-2 'a["now"]["central"] == "waiting"'
says "the journal is whole" journal_whole
systemctl start loyalty-central
says "central takes it once it is back, once" within 60 central_has 2

echo "---- a hang"
pid=$(property MainPID)
begun=$(now_ms)
kill -STOP "$pid"
says "the watchdog restarts it" within 60 another_pid "$pid"
echo "        after $(($(now_ms) - begun)) ms: 30 s of silence, 3 s of rest"
kill -CONT "$pid" 2> /dev/null # where the watchdog did not
says "the journal says why" logs_have "Watchdog timeout"
says "and where every thread stood" logs_have "most recent call first"
says "the sales are there" sells 200 trial-1

echo "---- a scanner shared with the POS"
cat > /usr/local/lib/pos_port.py <<'PY'
import os, select, sys
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
print("open", flush=True)
data = b""
while not data.endswith(b"\r") and select.select([port], [], [], 15)[0]:
    data += os.read(port, 4096)
print(data.decode().strip(), flush=True)
PY
says "its port is there" within 20 [ -L $SHARED ]
stat --dereference --format='        %n: %a %U %G' $SHARED
says "a stranger may not open it" not runuser -u stranger -- sh -c ": < $SHARED" 2> /dev/null
runuser -u pos -- python3 /usr/local/lib/pos_port.py $SHARED > "$TEMPORARY/pos" 2>&1 &
reader=$!
says "the POS opens it" within 10 grep -qx open "$TEMPORARY/pos"
sleep 1 # until the agent has seen that it listens
echo $MEMBER >&8
sleep 1
echo 8710400011118 >&8
wait $reader
says "the POS gets the product and not the member" [ "$(tail -n +2 "$TEMPORARY/pos")" = 8710400011118 ]
says "no trouble with the port" sh -c "curl --silent --max-time 10 $AT/readyz | grep -q '\"name\":\"sharing\",\"state\":\"ok\"' || { curl --silent --max-time 10 $AT/readyz; false; }"
echo $PAYMENT_CARD >&8 # for the logs, below

echo "---- what the unit allows"
# The unit's own sandbox around another command.
inside() { # inside PYTHON
    sed -e '/^ *-/d' -e 's/^Type=.*/Type=oneshot/' -e '/^Restart/d;/^WatchdogSec/d;/Directory=/d;/Environment=ESC/d' \
        -e "s|^ExecStart=.*|ExecStart=/opt/edge-agent/bin/python $1|" /etc/systemd/system/edge-agent.service > /run/systemd/system/trial-inside.service
    systemctl daemon-reload
    systemctl start trial-inside 2> /dev/null
}
cat > /opt/edge-agent/trial_imports.py <<'PY'
import importlib, pkgutil, sys
wanted = sys.argv[1:] or ["edge_agent", "drivers", "sync", "babel", "click", "flask", "PIL", "prometheus_client", "pydantic",
    "pydantic_settings", "serial", "pysqlite3", "escpos", "stdnum", "requests", "rich", "segno", "sqlalchemy",
    "sqlite_utils", "structlog", "tenacity", "uuid_utils", "waitress", "ssl", "ctypes", "PIL.Image", "PIL.ImageFont", "escpos.printer"]
done = 0
for name in wanted:
    module = importlib.import_module(name)
    done += 1
    if name in {"edge_agent", "drivers", "sync"}:
        for found in pkgutil.walk_packages(module.__path__, name + "."):
            importlib.import_module(found.name)
            done += 1
print(done, "modules imported")
PY
cat > /opt/edge-agent/trial_wx.py <<'PY'
import mmap
mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
PY
says "MemoryDenyWriteExecute with all libraries" inside /opt/edge-agent/trial_imports.py
journalctl --unit=trial-inside --output=cat --no-pager | grep -E 'imported|Error' | shows
says "writable and executable memory is refused" not inside /opt/edge-agent/trial_wx.py
says "exposure at most 2.0" sh -c "systemd-analyze security --no-pager --threshold=20 edge-agent > /dev/null"
says "central's too" sh -c "systemd-analyze security --no-pager --threshold=20 loyalty-central > /dev/null"
EDGE_AGENT_WEB__LISTEN=127.0.0.1:0 runuser -u edge-agent -- $AGENT run --config $CONFIG > "$TEMPORARY/second" 2>&1
says "a second agent on the data folder ends with 3" [ $? = 3 ]
shows "$TEMPORARY/second"
says "and says why" grep -q "another agent runs on the data folder" "$TEMPORARY/second"
says "the first has not noticed" state_is active

echo "---- stop, with an open event stream"
runuser -u pos -- sh -c 'printf "Authorization: Bearer %s\n" "$(cat /etc/edge-agent/token)" | curl --silent --no-buffer --header @- '$AT/v1/events > "$TEMPORARY/stream" 2>&1 &
says "a stream is open" within 10 [ -s "$TEMPORARY/stream" ]
begun=$(now_ms)
systemctl stop edge-agent
took_ms=$(($(now_ms) - begun))
echo "        stopped after $took_ms ms: $(property Result)"
says "within 2 s" [ "$took_ms" -lt 2000 ]
says "and cleanly" [ "$(property Result)" = success ]
says "the journal is whole" journal_whole

echo "---- a wrong configuration"
cp -p $CONFIG "$TEMPORARY/agent.toml"
sed -i 's/^till = .*/tilll = "03"/' $CONFIG
systemctl start edge-agent 2> /dev/null
says "shows as failed" within 30 state_is failed
says "and is not tried again" refuses edge-agent
says "systemctl --failed lists it" sh -c 'systemctl --failed --plain --no-legend | grep -q edge-agent.service'
journalctl --unit=edge-agent --output=cat --no-pager | grep -F "$CONFIG:" | tail -n 2 | shows
says "the log names file, line and key" logs_have "$CONFIG:.*terminal.tilll"
cp -p "$TEMPORARY/agent.toml" $CONFIG
says "starts again once it is repaired" systemctl start edge-agent

echo "---- the rest of the page"
says "when something is wrong: every command" page "When something is wrong" 1
says "backup: the records as text" page "Backup" 1
says "backup: everything, stopped" page "Backup" 2
says "a sealed token" page "Credentials kept from the disk's files" 1
sed -i '/^token_file/d' $CONFIG
systemctl restart edge-agent
says "is taken" answers 200 /v1/status
cp -p "$TEMPORARY/agent.toml" $CONFIG
rm -r /etc/systemd/system/edge-agent.service.d
says "closing the network" page "Closing the network" 1
says "sales go on behind it" sells 201 trial-3
rm -r /etc/systemd/system/edge-agent.service.d
systemctl daemon-reload
says "upgrade" page "Upgrade" 1
says "runs from the new folder" [ "$(readlink -f "/proc/$(property MainPID)/exe" > /dev/null; readlink /opt/edge-agent)" = edge-agent-next ]
says "and has the sales" sells 200 trial-2
says "nothing is lost" within 30 central_has 3
# The browser is not installed here (half a gigabyte): an empty program takes its place.
for name in cage chromium; do [ -e /usr/bin/$name ] || ln -s /bin/true /usr/bin/$name; done
says "the kiosk's unit verifies" sh -c 'cd /opt/edge-agent/share/loyalty-edge-agent/systemd && systemd-analyze verify ./edge-agent-kiosk.service > '"$TEMPORARY"'/kiosk 2>&1 && [ ! -s '"$TEMPORARY/kiosk ]"
shows "$TEMPORARY/kiosk"
for name in cage chromium; do [ "$(readlink /usr/bin/$name)" != /bin/true ] || rm /usr/bin/$name; done

echo "---- central's service"
pid=$(property MainPID loyalty-central)
kill -9 "$pid"
says "comes back after kill -9" within 30 another_pid "$pid" loyalty-central
says "the agent finds central again" within 60 members_are_here
begun=$(now_ms)
systemctl stop loyalty-central
took_ms=$(($(now_ms) - begun))
echo "        stopped after $took_ms ms, with a till waiting: $(property Result loyalty-central)"
says "ends within 2 s" [ "$took_ms" -lt 2000 ]
says "and cleanly" [ "$(property Result loyalty-central)" = success ]
sed -i 's/^listen = .*/listen = "nowhere"/' /etc/loyalty-central/central.toml
systemctl start loyalty-central
says "a wrong configuration shows as failed" within 30 state_is failed loyalty-central
says "and is not tried again" refuses loyalty-central
says "the log names file and key" logs_have "/etc/loyalty-central/central.toml: listen:"
cat /root/edited/central.toml > /etc/loyalty-central/central.toml
systemctl start loyalty-central
says "the agent finds central once it is repaired" within 60 members_are_here
says "central has every sale, once" central_has 3

echo "---- uninstall"
token=$(cat /etc/edge-agent/token)
says "uninstall" page "Uninstall" 1
says "nothing but the data is left" [ -z "$(ls -d /opt/edge-agent* /etc/edge-agent /etc/systemd/system/edge-agent* /run/edge-agent 2> /dev/null)" ]

echo "---- the logs"
says "no member's card" logs_lack $MEMBER
says "no member's name" logs_lack $NAME
says "no payment card" logs_lack $PAYMENT_CARD
says "no token" logs_lack "$token"
says "no traceback" logs_lack Traceback
logs > /root/trial.journal
[ "$failed" = 0 ] || grep -Ev '^  File|^Thread' /root/trial.journal | tail -n 60 | cut -c 1-220 | shows
ends

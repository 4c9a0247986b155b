#!/bin/sh
# Gives a router with strongSwan or VyOS the key of one of its tunnels, and has it authenticate anew.
#
#   update-tunnel-key CONNECTION VAULT_PATH [VAULT_VERSION]
#
# Fetches the key from HashiCorp Vault or OpenBao (key-value engine, version 2): `pending`, or `current` if there is none. Loads it, has the
# connection authenticate anew, and prints
#
#   ike_sa_age=SECONDS
#
# of an IKE SA that was not there before. It prints no key, and no key is in a command's arguments. It runs as root and needs curl and jq.
#
# /etc/update-tunnel-key.conf sets, as a shell reads it:
#   VAULT_ADDR, VAULT_MOUNT  where the vault is, and the engine in it
#   VAULT_HEADER_FILE        a file for root alone: "X-Vault-Token: …" of a token that may read this router's secrets and nothing else
#   ROUTER                   strongswan, where the key is in conf.d/CONNECTION-key.conf, or vyos, where it is in vpn ipsec authentication psk CONNECTION
#   VYOS_API_KEY_FILE        for vyos: a file for root alone that holds a key of its HTTPS API, without a line's end
set -eu
umask 077

fail() {
	echo "$1" >&2
	exit 1
}

. "${UPDATE_TUNNEL_KEY_CONF:-/etc/update-tunnel-key.conf}"
connection=$1
path=$2
version=${3:-}
folder=${SWANCTL_DIR:-/etc/swanctl}/conf.d
file=$folder/$connection-key.conf

case ${ROUTER:=strongswan} in strongswan | vyos) ;; *) fail 'ROUTER has to be strongswan or vyos.' ;; esac
case $connection in '' | -* | *[!A-Za-z0-9._-]*) fail 'The connection has a strange name.' ;; esac
case $path in '' | /* | -* | *..* | *[!A-Za-z0-9._/-]*) fail 'The path in the vault is a strange one.' ;; esac

# Puts the key, in base64 on its standard input, into its place in the file, and loads the file.
load_strongswan() {
	[ -f "$file" ] || fail "There is no $file to put the key into."
	read -r encoded
	while IFS= read -r line; do
		case $line in
		*secret\ =*) printf '\t\tsecret = 0s%s\n' "$encoded" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$file" >"$file.new"
	grep -q 'secret = 0s' "$file.new" || fail "There is no line 'secret = ' in $file."
	mv "$file.new" "$file"
	swanctl --load-creds --noprompt >/dev/null || fail 'strongSwan did not load the key.'
}

reauthenticate_strongswan() {
	if [ -n "$before" ]; then
		swanctl --rekey --ike "$connection" --reauth >/dev/null || fail 'strongSwan did not begin to authenticate anew.'
	else
		swanctl --initiate --child "${CHILD:-net}" --ike "$connection" --timeout 20 >/dev/null ||
			fail 'There was no IKE SA, and none could be made: see the log for AUTHENTICATION_FAILED.'
	fi
}

# Posts what is on its standard input to VyOS's own API.
vyos() {
	curl --silent --fail --insecure --max-time 120 --output /dev/null --data-urlencode data@- \
		--data-urlencode "key@$VYOS_API_KEY_FILE" "${VYOS_API:-https://127.0.0.1}/$1" ||
		fail "VyOS did not take the call $1."
}

load_vyos() {
	base64 -d | jq -Rs --arg name "$connection" '[{op: "set", path: ["vpn", "ipsec", "authentication", "psk", $name, "secret", .]}]' | vyos configure
	echo '{"op": "save"}' | vyos config-file
}

reauthenticate_vyos() {
	jq -n --arg name "$connection" '{op: "reset", path: ["vpn", "ipsec", "site-to-site", "peer", $name]}' | vyos reset
}

# By number and age in seconds, every IKE SA of the connection that is established.
sas() {
	swanctl --list-sas | awk -v name="$connection:" '
		$1 == name { id = $3 ~ /^ESTABLISHED/ ? substr($2, 2) + 0 : "" }
		$1 == "established" && id != "" { print id, $2 + 0; id = "" }'
}

secret=$(curl --silent --fail --max-time 20 --header "@$VAULT_HEADER_FILE" "$VAULT_ADDR/v1/$VAULT_MOUNT/data/$path") ||
	fail 'The vault can not be reached, or refused to give the secret.'
found=$(printf %s "$secret" | jq -r '.data.metadata.version')
case $version in
'' | *[!0-9]*) ;;
*) [ "$found" -ge "$version" ] || fail "The vault gave version $found, which is older than $version." ;;
esac
encoded=$(printf %s "$secret" | jq -j '.data.data.pending // .data.data.current // empty' | base64 | tr -d '\n')
unset secret
[ -n "$encoded" ] || fail 'The vault has no key for this tunnel.'

before=$(sas | cut -d ' ' -f 1)
echo "$encoded" | "load_$ROUTER"
unset encoded
"reauthenticate_$ROUTER"
tries=0
while [ "$tries" -lt "${TRIES:-30}" ]; do
	age=$(sas | awk -v before=" $(echo $before) " 'index(before, " " $1 " ") == 0 { print $2; exit }')
	if [ -n "$age" ]; then
		echo "ike_sa_age=$age"
		exit 0
	fi
	tries=$((tries + 1))
	sleep 1
done
fail 'It has the key, but made no new IKE SA: see the log for AUTHENTICATION_FAILED.'

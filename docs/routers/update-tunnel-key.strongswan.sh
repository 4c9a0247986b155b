#!/bin/sh
# Gives a strongSwan router the key of one of its tunnels, and authenticates with it.
#
#   update-tunnel-key CONNECTION VAULT_PATH [VAULT_VERSION]
#
# Fetches the key from HashiCorp Vault or OpenBao (key-value engine, version 2): `pending`, or `current` if there is none. Puts it into
# CONNECTION-key.conf, which has to be there, loads it, has the connection authenticate anew, and prints
#
#   ike_sa_age=SECONDS
#
# of an IKE SA that was not there before. It prints no key, and no key is in a command's arguments.
# Needs curl and jq. /etc/update-tunnel-key.conf sets VAULT_ADDR, VAULT_MOUNT, and VAULT_HEADER_FILE: a file, readable by root alone, with
# the line "X-Vault-Token: …" of a token that may read this router's secrets and nothing else.
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

case $connection in '' | -* | *[!A-Za-z0-9._-]*) fail 'The connection has a strange name.' ;; esac
case $path in '' | /* | -* | *..* | *[!A-Za-z0-9._/-]*) fail 'The path in the vault is a strange one.' ;; esac
[ -f "$file" ] || fail "There is no $file to put the key into."

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

while IFS= read -r line; do
	case $line in
	*secret\ =*) printf '\t\tsecret = 0s%s\n' "$encoded" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$file" >"$file.new"
grep -q 'secret = 0s' "$file.new" || fail "There is no line 'secret = ' in $file."
mv "$file.new" "$file"
swanctl --load-creds --noprompt >/dev/null || fail 'strongSwan did not load the key.'

before=$(sas | cut -d ' ' -f 1)
if [ -n "$before" ]; then
	swanctl --rekey --ike "$connection" --reauth >/dev/null || fail 'strongSwan did not begin to authenticate anew.'
else
	swanctl --initiate --child "${CHILD:-net}" --ike "$connection" --timeout 20 >/dev/null ||
		fail 'There was no IKE SA, and none could be made: see the log for AUTHENTICATION_FAILED.'
fi
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

# Runs inside `authctl sandbox -- sh curl.sh`: curl gets a token of each provider as the provider's own manual says, and
# calls the API with it. It shows that the sandbox is what its documentation says to a client that is not authctl.
set -eu
. "$(dirname "$AUTHCTL_CONFIG")/sandbox.env"

ask() { curl -q -sS --max-time 10 --cacert "$SANDBOX_CA" "$@"; }
fail() {
	echo "FAIL $*"
	exit 1
}
token_of() { sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'; }

# serves NAME API TOKEN_REPLY
serves() {
	token=$(printf '%s' "$3" | token_of)
	[ -n "$token" ] || fail "$1: no token in: $3"
	status=$(ask -o reply.json -w '%{http_code}' -H "Authorization: Bearer $token" "$2/things?limit=2")
	[ "$status" = 200 ] || fail "$1: $status: $(cat reply.json)"
	if grep -q -F "$token" reply.json; then fail "$1: the answer repeats the token"; fi
	status=$(ask -o reply.json -w '%{http_code}' -H "Authorization: Bearer ${token}x" "$2/things")
	[ "$status" = 401 ] || fail "$1: $status for a token that it never gave"
	status=$(ask -o reply.json -w '%{http_code}' "$2/things")
	[ "$status" = 401 ] || fail "$1: $status without a token"
	echo "ok $1"
}

serves tnco "$SANDBOX_TNCO_URL" "$(ask -u "$SANDBOX_TNCO_ID:$SANDBOX_TNCO_SECRET" \
	-d grant_type=client_credentials "$SANDBOX_TNCO_URL/oauth/token")"

serves apiconnect "$SANDBOX_APICONNECT_URL/api" "$(ask -H 'Content-Type: application/json' \
	-H 'Accept: application/json' "$SANDBOX_APICONNECT_URL/api/token" -d '{"username":"'"$SANDBOX_USERNAME"'",
	"password":"'"$SANDBOX_PASSWORD"'","realm":"provider/default-idp-2","client_id":"'"$SANDBOX_APICONNECT_ID"'",
	"client_secret":"'"$SANDBOX_APICONNECT_SECRET"'","grant_type":"password"}')"

serves entra "$SANDBOX_ECHO_URL" "$(ask "$SANDBOX_ENTRA_URL/$SANDBOX_TENANT/oauth2/v2.0/token" \
	-d grant_type=client_credentials -d "client_id=$SANDBOX_ENTRA_ID" --data-urlencode "scope=$SANDBOX_SCOPE" \
	--data-urlencode "client_secret=$SANDBOX_ENTRA_SECRET")"

serves mulesoft "$SANDBOX_ECHO_URL" "$(ask "$SANDBOX_MULESOFT_URL/as/token.oauth2" -d grant_type=client_credentials \
	-d "client_id=$SANDBOX_MULESOFT_ID" --data-urlencode "client_secret=$SANDBOX_MULESOFT_SECRET")"

serves anypoint "$SANDBOX_ANYPOINT_URL" "$(ask "$SANDBOX_ANYPOINT_URL/accounts/api/v2/oauth2/token" \
	-H 'Content-Type: application/json' -d '{"client_id":"'"$SANDBOX_ANYPOINT_ID"'",
	"client_secret":"'"$SANDBOX_ANYPOINT_SECRET"'","grant_type":"client_credentials"}')"

reply=$(ask -w ' %{http_code}' -u "$SANDBOX_TNCO_ID:wrong" -d grant_type=client_credentials \
	"$SANDBOX_TNCO_URL/oauth/token")
case $reply in *' 401') echo "ok refusal" ;; *) fail "a wrong secret: $reply" ;; esac

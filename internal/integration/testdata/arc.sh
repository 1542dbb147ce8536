# The token of a machine of Azure Arc, as docs/sandbox.md shows it: $1 is the program, /var/opt a folder of the test's.
set -eu
. "$(dirname "$AUTHCTL_CONFIG")/sandbox.env"
mkdir -p /var/opt/azcmagent/tokens
printf %s "$SANDBOX_ARC_KEY" >/var/opt/azcmagent/tokens/authctl-sandbox.key
export IDENTITY_ENDPOINT="$SANDBOX_AZURE_URL/metadata/identity/oauth2/token" IMDS_ENDPOINT="$SANDBOX_AZURE_URL"

counts() {
	"$1" call GET "$SANDBOX_ECHO_URL/-/counts" -p azure-machine --no-auth --jq '"\(."azure.imds") token requests, \(."echo.api") calls"'
}

first=$("$1" token get -p azure-machine)
[ "$first" = "$("$1" token get -p azure-machine)" ] && echo "one token"
counts "$1"
"$1" call GET /things -p azure-machine --jq '.identity.provider, .identity.grant, .identity.client_id'
counts "$1"
[ "$first" != "$("$1" token get -p azure-machine --force-refresh)" ] && echo "a new token"
counts "$1"

# It knows the machine's own identity, and is not asked for another.
"$1" token get -p azure-identity || echo "exit $?"
printf %s "not the key" >/var/opt/azcmagent/tokens/authctl-sandbox.key
"$1" token get -p azure-machine --no-cache || echo "exit $?"
counts "$1"

package sandbox

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestCurlGetsATokenAndCallsTheAPI runs what docs/sandbox.md shows, with the real program.
func TestCurlGetsATokenAndCallsTheAPI(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("NOT RUN: curl is not installed (apt-get install curl)")
	}
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("NOT RUN: there is no POSIX shell to read sandbox.env with")
	}
	r := start(t)
	run := func(script string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", `. "$0"; c() { curl -q -sS --noproxy '*' --cacert "$SANDBOX_CA" "$@"; }; `+script, r.EnvPath())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	for name, script := range map[string]string{
		"tnco":       `c "$SANDBOX_TNCO_URL/oauth/token" -u "$SANDBOX_TNCO_ID:$SANDBOX_TNCO_SECRET" -d grant_type=client_credentials -d scope=all`,
		"tnco odd":   `c "$SANDBOX_TNCO_URL/oauth/token" -u "$SANDBOX_ODD_ID:$SANDBOX_ODD_SECRET" -d grant_type=client_credentials`,
		"apiconnect": `c "$SANDBOX_APICONNECT_URL/api/token" -H 'Content-Type: application/json' -d "{\"grant_type\":\"password\",\"username\":\"$SANDBOX_USERNAME\",\"password\":\"$SANDBOX_PASSWORD\",\"realm\":\"provider/default-idp-2\",\"client_id\":\"$SANDBOX_APICONNECT_ID\",\"client_secret\":\"$SANDBOX_APICONNECT_SECRET\"}"`,
		"entra":      `c "$SANDBOX_ENTRA_URL/$SANDBOX_TENANT/oauth2/v2.0/token" -d grant_type=client_credentials -d client_id="$SANDBOX_ENTRA_ID" -d client_secret="$SANDBOX_ENTRA_SECRET" --data-urlencode scope="$SANDBOX_SCOPE"`,
		"mulesoft":   `c "$SANDBOX_MULESOFT_URL/as/token.oauth2" -d grant_type=client_credentials -d client_id="$SANDBOX_MULESOFT_ID" -d client_secret="$SANDBOX_MULESOFT_SECRET"`,
		"anypoint":   `c "$SANDBOX_ANYPOINT_URL/accounts/api/v2/oauth2/token" -d grant_type=client_credentials -d client_id="$SANDBOX_ANYPOINT_ID" -d client_secret="$SANDBOX_ANYPOINT_SECRET"`,
		"oauth2":     `c "$SANDBOX_OAUTH2_URL/token" -u "$SANDBOX_OAUTH2_ID:$SANDBOX_OAUTH2_SECRET" -d grant_type=client_credentials`,
	} {
		t.Run(name, func(t *testing.T) {
			var got struct {
				Token string `json:"access_token"`
			}
			if out := run(script); json.Unmarshal([]byte(out), &got) != nil || got.Token == "" {
				t.Fatalf("no token in %q", out)
			}
			out := run(`c -H "Authorization: Bearer ` + got.Token + `" --json '{"a":1}' "$SANDBOX_ECHO_URL/things?x=1"`)
			if !strings.Contains(out, `"body":"{\"a\":1}"`) || !strings.Contains(out, `"query":"x=1"`) {
				t.Errorf("the echo says %s", out)
			}
		})
	}
}

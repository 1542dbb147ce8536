//go:build integration && linux

package integration

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCurlIsServedByTheSandboxOfEachProvider(t *testing.T) {
	script, err := filepath.Abs("testdata/curl.sh")
	if err != nil {
		t.Fatal(err)
	}
	got := newUser(t, "").run(t, "sandbox", "--", "sh", script)
	want := "ok tnco\nok apiconnect\nok entra\nok mulesoft\nok anypoint\nok refusal\n"
	if got.exit != 0 || got.stdout != want {
		t.Errorf("exit %d\n%s%s", got.exit, got.stdout, got.stderr)
	}
}

func TestCurlAndAuthctlShareTheSandbox(t *testing.T) {
	const script = `token=$("$0" token get -p entra) && . "$(dirname "$AUTHCTL_CONFIG")/sandbox.env" &&
		curl -q -sS --fail --cacert "$SANDBOX_CA" -H "Authorization: Bearer $token" "$SANDBOX_ECHO_URL/things" -o /dev/null &&
		"$0" call GET /things -p entra >/dev/null && exit 7`
	u := newUser(t, "")
	cmd := u.command(t.Context(), "sandbox", "--", "sh", "-c", script, u.command(t.Context()).Path)
	got := finish(t, cmd)
	if got.exit != 7 || got.took > 20*time.Second {
		t.Errorf("exit %d, not the command's own 7, after %v\n%s", got.exit, got.took, got.stdout+got.stderr)
	}
	if strings.Contains(got.stderr, "panic") {
		t.Error(got.stderr)
	}
}

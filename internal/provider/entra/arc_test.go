package entra_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/authtest"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/provider/entra"
	"github.com/authctl/authctl/internal/provider/providertest"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

const arcKey = "/var/opt/azcmagent/tokens/5f3c.key"

func TestAzureArcGetsTheContentOfTheFileThatItNames(t *testing.T) {
	onLinux(t)
	for name, realm := range map[string]string{"plain": "Basic realm=" + arcKey, "quoted": `Basic realm="` + arcKey + `"`} {
		s := authtest.FakeIDP(t, authtest.Answer(401, "", "WWW-Authenticate: "+realm), authtest.JSON(200, machineToken))
		ports := providertest.Ports(s.Client())
		ports.Direct = ports.Endpoint
		ports = files(ports, map[string]string{arcKey: "proof-of-the-machine\n"})
		source := providertest.Source(t, entra.Provider(variables("IDENTITY_ENDPOINT", s.URL+"/metadata/identity/oauth2/token", "IMDS_ENDPOINT", s.URL)), onMachine("system"), ports)
		token, err := source.Grant.Token(t.Context(), grant.Ask{})
		if err != nil || token.AccessToken.Reveal() != "tok" || s.Count() != 2 {
			t.Fatalf("%s: %v after %d requests", name, err, s.Count())
		}
		first, second := s.Requests()[0], s.Requests()[1]
		if first.Header.Get("Authorization") != "" || second.Header.Get("Authorization") != "Basic proof-of-the-machine" ||
			second.Header.Get("Metadata") != "true" || first.Target != second.Target {
			t.Errorf("%s: %s\n%s", name, first.Raw, second.Raw)
		}
		if got := ports.Direct.Mask.Text("x proof-of-the-machine"); strings.Contains(got, "proof") {
			t.Errorf("the proof is not masked: %s", got)
		}
	}
}

func TestAnAgentThatNamesAnotherFileGetsNothing(t *testing.T) {
	for name, c := range map[string]struct{ challenge, content string }{
		"no challenge":        {"", "k"},
		"another scheme":      {"Bearer realm=" + arcKey, "k"},
		"no realm":            {"Basic", "k"},
		"another folder":      {"Basic realm=/etc/shadow", "k"},
		"a key elsewhere":     {"Basic realm=/home/ann/.ssh/id.key", "k"},
		"climbing":            {"Basic realm=/var/opt/azcmagent/tokens/../../../etc/secret.key", "k"},
		"a folder below":      {"Basic realm=/var/opt/azcmagent/tokens/sub/a.key", "k"},
		"another ending":      {"Basic realm=/var/opt/azcmagent/tokens/a.txt", "k"},
		"no name":             {"Basic realm=/var/opt/azcmagent/tokens/.key", "k"},
		"the folder's twin":   {"Basic realm=/var/opt/azcmagent/tokens2/a.key", "k"},
		"the Windows folder":  {`Basic realm=C:\ProgramData\AzureConnectedMachineAgent\Tokens\a.key`, "k"},
		"relative":            {"Basic realm=a.key", "k"},
		"a file too large":    {"Basic realm=" + arcKey, strings.Repeat("k", 4097)},
		"an empty file":       {"Basic realm=" + arcKey, "\n"},
		"a header in a file":  {"Basic realm=" + arcKey, "k\r\nX-Injected: yes"},
		"a file that is gone": {"Basic realm=/var/opt/azcmagent/tokens/gone.key", ""},
	} {
		s := authtest.FakeIDP(t, authtest.Answer(401, "", "WWW-Authenticate: "+c.challenge), authtest.JSON(200, machineToken))
		ports := providertest.Ports(s.Client())
		ports.Direct = ports.Endpoint
		var read []string
		ports.ReadNamed = func(path string, limit int64) ([]byte, error) {
			read = append(read, path)
			switch {
			case c.content == "":
				return nil, errors.New("no such file")
			case int64(len(c.content)) > limit:
				return nil, provider.ErrNotNamed
			}
			return []byte(c.content), nil
		}
		env := variables("IDENTITY_ENDPOINT", s.URL+"/t", "IMDS_ENDPOINT", s.URL)
		_, err := providertest.Source(t, entra.Provider(env), onMachine("system"), ports).Grant.Token(t.Context(), grant.Ask{})
		if err == nil || s.Count() != 1 || fault.From(err).Kind == fault.Internal {
			t.Errorf("%s: %v after %d requests", name, err, s.Count())
		}
		for _, path := range read {
			if !strings.HasPrefix(path, "/var/opt/azcmagent/tokens/") || strings.Contains(path, "..") {
				t.Errorf("%s: %s was read", name, path)
			}
		}
	}
}

// onLinux skips elsewhere: the agent's folder is another one there.
func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the folder of the test is that of Linux")
	}
}

func TestAzureArcKnowsTheMachineAlone(t *testing.T) {
	s := authtest.FakeIDP(t, authtest.JSON(200, machineToken))
	source, _ := machine(t, onMachine(profile.Values{"client_id": "c"}), s.Client(), "IDENTITY_ENDPOINT", s.URL+"/t", "IMDS_ENDPOINT", s.URL)
	if _, err := source.Grant.Token(t.Context(), grant.Ask{}); !fault.Is(err, fault.Config) || s.Count() != 0 {
		t.Errorf("%v after %d requests", err, s.Count())
	}
}

func TestASecondRefusalOfAzureArcStands(t *testing.T) {
	onLinux(t)
	s := authtest.FakeIDP(t, authtest.Answer(401, "", "WWW-Authenticate: Basic realm="+arcKey))
	ports := providertest.Ports(s.Client())
	ports.Direct = ports.Endpoint
	ports = files(ports, map[string]string{arcKey: "k"})
	env := variables("IDENTITY_ENDPOINT", s.URL+"/t", "IMDS_ENDPOINT", s.URL)
	_, err := providertest.Source(t, entra.Provider(env), onMachine("system"), ports).Grant.Token(t.Context(), grant.Ask{})
	if e := fault.From(err); e.Kind != fault.Auth || e.Status != 401 || s.Count() != 2 || e.HintText() == "" {
		t.Errorf("%+v after %d requests", e, s.Count())
	}
}

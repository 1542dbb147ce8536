package entra

import (
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// maxArcKey is the size of a key file that Microsoft's libraries allow.
const maxArcKey = 4096

// arcProof reads the file that the agent's 401 names: only who may read it may have a token. The agent writes such files
// into one folder, which belongs to it; whatever else listens at its address must not have another file sent to it.
func arcProof(reply http.Header, ports provider.Ports) (secret.String, error) {
	challenge := reply.Get("WWW-Authenticate")
	_, path, ok := strings.Cut(challenge, "realm=")
	if scheme, _, _ := strings.Cut(challenge, " "); !ok || !strings.EqualFold(scheme, "Basic") {
		return secret.String{}, fault.New(fault.Protocol, "protocol.arc_challenge", "the agent's 401 does not name the file of its challenge").
			Doing("Azure Arc").Hint(noAgent)
	}
	path = strings.Trim(strings.TrimSpace(path), `"`)
	if !inArcFolder(path, runtime.GOOS) {
		return secret.String{}, arcFile("the agent's 401 names a file that is no .key file of the agent's own folder, and is not read")
	}
	data, err := ports.ReadNamed(path, maxArcKey)
	switch {
	case errors.Is(err, provider.ErrNotNamed):
		return secret.String{}, arcFile("the agent's key file is not read: %v", err)
	case err != nil:
		return secret.String{}, fault.New(fault.Config, "config.file", "%w", err).Doing("Azure Arc").Hint("%s", arcHint(err, runtime.GOOS))
	}
	text := strings.TrimSuffix(string(data), "\n")
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return secret.String{}, arcFile("the agent's key file holds no key")
	}
	return secret.New(text), nil
}

// noAgent is the hint where something answers that does not behave as the agent does.
const noAgent = "unset IMDS_ENDPOINT, unless this machine is one of Azure Arc's; there azcmagent show tells how its agent is"

func arcFile(format string, args ...any) *fault.Error {
	return fault.New(fault.Policy, "policy.arc_file", format, args...).Doing("Azure Arc").Hint(noAgent)
}

// arcHint is what to do about a key file that cannot be read.
func arcHint(err error, system string) string {
	switch {
	case !errors.Is(err, fs.ErrPermission):
		return noAgent
	case system == "windows":
		return "administrators and the group Hybrid agent extension applications may read it"
	}
	return "the group himds may read it: sudo usermod -aG himds $USER, then log in again"
}

// inArcFolder takes a plain name in the one folder of the platform: no folder below it, no way out of it.
func inArcFolder(path, system string) bool {
	folder, separators := "/var/opt/azcmagent/tokens/", "/"
	if system == "windows" {
		folder, separators = `C:\ProgramData\AzureConnectedMachineAgent\Tokens\`, `/\:`
	}
	name, ok := strings.CutPrefix(path, folder)
	return ok && (system == "linux" || system == "windows") &&
		strings.HasSuffix(name, ".key") && len(name) > len(".key") && !strings.ContainsAny(name, separators) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// loopbackOnly keeps the content of the agent's file on this machine.
func loopbackOnly(address string) error {
	u, err := url.Parse(address)
	if err == nil {
		if addr, bad := netip.ParseAddr(u.Hostname()); strings.EqualFold(u.Hostname(), "localhost") || bad == nil && addr.IsLoopback() {
			return nil
		}
	}
	return fault.New(fault.Policy, "policy.arc_endpoint", "IDENTITY_ENDPOINT of an Azure Arc machine must be a loopback address").
		Doing("Azure Arc").Hint("unset IMDS_ENDPOINT, unless this machine is one of Azure Arc's")
}

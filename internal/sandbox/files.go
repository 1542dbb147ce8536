package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/authctl/authctl/internal/fault"
)

const (
	caFile       = "ca.pem"
	profilesFile = "profiles.yaml"
	envFile      = "sandbox.env"
)

// write makes the files, owner-only, since they hold secrets, if only of the sandbox.
func (s *Sandbox) write(w *world, a *authority) error {
	for _, file := range []struct{ name, content string }{
		{caFile, string(a.pem)}, {profilesFile, s.profiles(w)}, {envFile, s.environment(w)},
	} {
		if err := s.create(file.name, file.content); err != nil {
			return fault.New(fault.IO, "io.sandbox", "%w", err).Doing("sandbox: write %s", file.name).
				Hint("choose an empty directory, or remove what an earlier sandbox left there")
		}
	}
	return nil
}

// create refuses a name that is taken: it may be a real configuration, or a link to one.
func (s *Sandbox) create(name, content string) error {
	path := filepath.Join(s.dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s.files = append(s.files, path)
	if _, err := f.WriteString(content); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// profiles is the text of profiles.yaml. Values are JSON strings, which YAML reads as they are.
func (s *Sandbox) profiles(w *world) string {
	quote := func(v string) string { return string(encode(v)) }
	var b strings.Builder
	b.WriteString(`# Profiles of a running "authctl sandbox". They end with it; the secrets in here open nothing else.
# "--NAME" after a client_id injects a fault, for example client_id: LmClient--throttle_429.
default_profile: tnco
storage: file
profiles:
`)
	profile := func(comment, name, provider string, keys ...string) {
		fmt.Fprintf(&b, "\n  # %s\n  - name: %s\n    provider: %s\n", comment, name, provider)
		for i := 0; i < len(keys); i += 2 {
			fmt.Fprintf(&b, "    %s: %s\n", keys[i], quote(keys[i+1]))
		}
		fmt.Fprintf(&b, "    tls: {ca_file: %s}\n", quote(s.CAPath()))
	}
	secretOf := func(id string) string { return w.secrets[id].Reveal() }
	url := s.URL
	profile("IBM TNCO: the API is on the same server.", "tnco", "tnco",
		"base_url", url("tnco"), "client_id", tncoClient, "client_secret", secretOf(tncoClient))
	profile("IBM API Connect: the realm is discovered, the client is the product's public one.", "apic", "apiconnect",
		"base_url", url("apiconnect"), "realm", "provider", "username", userName, "password", w.password.Reveal())
	profile("Microsoft Entra ID in front of the echo API.", "entra", "entra",
		"authority", url("entra"), "tenant", entraTenant, "client_id", entraClient,
		"client_secret", secretOf(entraClient), "scopes", entraScope, "base_url", url("echo"))
	profile("MuleSoft: PingFederate in front of the echo API.", "mulesoft", "mulesoft",
		"token_url", url("mulesoft")+"/as/token.oauth2", "client_id", pingClient,
		"client_secret", secretOf(pingClient), "base_url", url("echo"))
	profile("MuleSoft: a connected app of the Anypoint Platform.", "anypoint", "mulesoft",
		"platform_url", url("anypoint"), "grant", "client_credentials", "client_id", anypointClient,
		"client_secret", secretOf(anypointClient))
	profile("Any other server of RFC 6749, in front of the echo API.", "oauth2", "oauth2",
		"token_url", url("oauth2")+"/token", "client_id", genericClient, "client_secret", secretOf(genericClient),
		"scopes", "read write", "base_url", url("echo"))
	return b.String()
}

// environment is the text of sandbox.env, for POSIX shells and for curl.
func (s *Sandbox) environment(w *world) string {
	var b strings.Builder
	b.WriteString("# Addresses and credentials of a running \"authctl sandbox\": . sandbox.env\n")
	set := func(name, value string) {
		fmt.Fprintf(&b, "SANDBOX_%s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	set("CA", s.CAPath())
	for _, o := range s.origins {
		set(strings.ToUpper(o.name)+"_URL", o.url)
	}
	for _, one := range [][2]string{
		{"TNCO", tncoClient},
		{"APICONNECT", managerClient},
		{"ENTRA", entraClient},
		{"MULESOFT", pingClient},
		{"ANYPOINT", anypointClient},
		{"OAUTH2", genericClient},
		{"ODD", oddClient},
	} {
		set(one[0]+"_ID", one[1])
		set(one[0]+"_SECRET", w.secrets[one[1]].Reveal())
	}
	set("TENANT", entraTenant)
	set("SCOPE", entraScope)
	set("USERNAME", userName)
	set("ADMIN", adminName)
	set("PASSWORD", w.password.Reveal())
	return b.String()
}

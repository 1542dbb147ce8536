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
		{caFile, string(a.pem)},
		{profilesFile, s.profiles(w)},
		{envFile, s.environment(w)},
		{entraCertFile, string(w.entraKeys.pem)},
		{entraTokenFile, w.entraKeys.federated + "\n"},
		{anypointKeyFile, string(w.anypointKey.pem)},
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
	set("ENTRA_PUBLIC_ID", entraPublicClient)
	set("MACHINE_ID", machineIdentity)
	set("IDENTITY_HEADER", w.identityHeader.Reveal())
	set("ARC_KEY", w.arcKey.Reveal())
	set("TENANT", entraTenant)
	set("SCOPE", entraScope)
	set("USERNAME", userName)
	set("ADMIN", adminName)
	set("CONSUMER", consumerName)
	set("PASSWORD", w.password.Reveal())
	set("API_KEY", w.apiKey.Reveal())
	return b.String()
}

package curl

import (
	"strconv"
	"strings"

	"github.com/authctl/authctl/internal/httpx"
	"github.com/authctl/authctl/internal/secret"
)

// Way is what a profile says about the way to its servers, as far as curl has words for it.
type Way struct {
	CAFile, CertFile, KeyFile string
	MinVersion                string // "1.3", else 1.2
	Insecure                  bool
	Proxy                     secret.String // a URL, "none", or empty for the environment's
}

// Files are the names under which curl reads what must not stand among its arguments.
type Files struct {
	Headers string // one header a line
	Config  string // [Way.Config]; empty where that is
}

// Command gives the arguments of the real curl. authctl's own come first, so that its files are read before anything
// else could read them; where the user's may not overrule them, those are refused or left out, or authctl's come last.
func (p *Plan) Command(way Way, files Files) []string {
	if p.Asks {
		return append([]string{"-q"}, p.Args...)
	}
	protocols, loopback := "=https", false
	for _, u := range p.URLs {
		if u.Scheme == "http" {
			protocols = "=http,https"
		}
		o, err := httpx.OriginOf(u)
		loopback = loopback || err == nil && o.Loopback()
	}
	args := []string{"-q", "--proto", protocols, "--proto-redir", protocols, "-H", "@" + files.Headers}
	if files.Config != "" {
		args = append(args, "-K", files.Config)
	}
	args = append(args, way.arguments()...)
	args = append(args, p.Args...)
	if loopback {
		args = append(args, "--noproxy", "*") // the last one counts
	}
	return args
}

func (w Way) arguments() []string {
	args := []string{"--tlsv1.2"}
	if w.MinVersion == "1.3" {
		args[0] = "--tlsv1.3"
	}
	add := func(option, value string) {
		if value != "" {
			args = append(args, option, value)
		}
	}
	add("--cacert", w.CAFile)
	add("--cert", escapeCert(w.CertFile))
	add("--key", w.KeyFile)
	if w.Insecure {
		args = append(args, "--insecure")
	}
	switch proxy := w.Proxy.Reveal(); {
	case proxy == "":
		return args
	case proxy == "none":
		return append(args, "--proxy", "")
	case w.Config().IsZero():
		add("--proxy", proxy)
	}
	if strings.HasPrefix(w.Proxy.Reveal(), "https:") {
		add("--proxy-cacert", w.CAFile)
	}
	return append(args, "--noproxy", "") // NO_PROXY is about the environment's proxy
}

// Config is what curl reads as a file of options: the proxy, where its URL holds a password.
func (w Way) Config() secret.String {
	proxy := w.Proxy.Reveal()
	if !strings.Contains(proxy, "@") {
		return secret.String{}
	}
	return secret.New(`proxy = "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(proxy) + "\"\n")
}

// escapeCert keeps curl from reading a colon of a path as the beginning of the key's password.
func escapeCert(path string) string {
	if len(path) > 2 && path[1] == ':' && strings.IndexByte(`\/`, path[2]) >= 0 { // a drive, which curl knows
		return path[:2] + escapeCert(path[2:])
	}
	return strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(path)
}

// LosesTokens reports whether what curl says of itself (curl --version) is of a release before 7.83.0, which sends a
// custom Authorization to other ports of the host that redirects (CVE-2022-27776). What does not say a version as every
// curl has since 1998 is none of those.
func LosesTokens(version string) bool {
	rest, ok := strings.CutPrefix(version, "curl ")
	if !ok {
		return false
	}
	major, rest, _ := strings.Cut(rest, ".")
	minor, _, _ := strings.Cut(rest, ".")
	m, err := strconv.Atoi(major)
	n, _ := strconv.Atoi(minor)
	return err == nil && (m < 7 || m == 7 && n < 83)
}

package curl

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// heard is what some curl would take from a command line.
type heard struct {
	options []string // long names; "?" for what it does not know
	urls    []string
	headers []string
}

// hear reads a command line as the curls of all years do, and shares no code with the scan: abbreviating curls take the
// first name in the table that a word begins, newer ones the whole word or what stands in front of an equals sign.
func hear(args []string, abbreviating bool) heard {
	var h heard
	table := options()
	note := func(o option, value string) {
		h.options = append(h.options, o.name)
		switch o.name {
		case "url":
			h.urls = append(h.urls, value)
		case "header":
			h.headers = append(h.headers, value)
		}
	}
	flags := true
	for i := 0; i < len(args); i++ {
		arg := args[i]
		next := func() string {
			if i++; i < len(args) {
				return args[i]
			}
			return ""
		}
		switch {
		case !flags || !strings.HasPrefix(arg, "-"):
			h.urls = append(h.urls, arg)
		case arg == "--":
			flags = false
		case strings.HasPrefix(arg, "--"):
			word, glued, isGlued := arg[2:], "", false
			if !abbreviating {
				word, glued, isGlued = strings.Cut(word, "=")
			}
			o, ok := slowLong(table, strings.TrimPrefix(word, "no-"), abbreviating)
			switch {
			case !ok:
				h.options = append(h.options, "?")
			case strings.HasPrefix(word, "no-") || !o.value:
				note(o, "")
			case isGlued:
				note(o, glued)
			default:
				note(o, next())
			}
		default:
			for letters := arg[1:]; letters != ""; {
				i := slices.IndexFunc(table, func(o option) bool { return o.letter == letters[0] })
				letters = letters[1:]
				switch {
				case i < 0:
					h.options = append(h.options, "?")
				case !table[i].value:
					note(table[i], "")
				case letters != "":
					note(table[i], letters)
					letters = ""
				default:
					note(table[i], next())
				}
			}
		}
	}
	return h
}

func slowLong(table []option, word string, abbreviating bool) (option, bool) {
	for _, o := range table {
		if o.name == word {
			return o, true
		}
	}
	if abbreviating && word != "" {
		for _, o := range table {
			if strings.HasPrefix(o.name, strings.ToLower(word)) {
				return o, true
			}
		}
	}
	return option{}, false
}

// expand gives what curl makes of a URL with globs, up to a bound.
func expand(raw string) []string {
	i := strings.IndexAny(raw, "{[")
	if i < 0 || len(raw) > 300 || strings.Contains(raw[:min(len(raw), i+1)], "[") && strings.HasPrefix(raw[i:], "[]") {
		return []string{raw}
	}
	closing := map[byte]string{'{': "}", '[': "]"}[raw[i]]
	inside, rest, ok := strings.Cut(raw[i+1:], closing)
	if !ok {
		return nil // curl stops
	}
	parts := []string{inside}
	if raw[i] == '{' {
		parts = strings.Split(inside, ",")
	}
	var out []string
	for _, part := range parts {
		for _, tail := range expand(rest) {
			if out = append(out, raw[:i]+part+tail); len(out) > 200 {
				return out
			}
		}
	}
	return out
}

// FuzzNoCurlSeesAForeignURLWithTheToken: whatever the arguments are, and whichever curl reads what becomes of them.
func FuzzNoCurlSeesAForeignURLWithTheToken(f *testing.F) {
	for _, seed := range []string{
		"/x", "-s\n/x\n-o\nf", "https://evil.example.com", "/x\n--next\nhttps://evil.example.com", "-sSXPOST\n/x", "-d\n-v\n/x", "-sd\n/y\n/x",
		"--url\n//evil.example.com", "https://{api,evil}.example.com/", "/{a,b}[1-2]\n-g", "-H\nAuthorization: x\n/x", "-qK\nf\n/x", "--\n-v",
		"--loc\n/x", "--no-s\n/x", "--\n--\n/x", "-H@f\n/x", "-\n/x", "--expand-url\n/x", "-L\n/x\n--max-redirs\n1", "/%2e%2e/x", "/{.,x}./x",
		"https://api.example.com@evil.example.com/", "--url=https://evil.example.com", "-o\n--\n/x", "-#\n/x\n-m5", "/x?{a\n/y}", "-hall\n/x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		args := strings.Split(lines, "\n")
		r := reader(t)
		r.ReadFile = func(string) ([]byte, error) { return []byte("X-File: 1\n"), nil }
		plan, err := r.Read(args)
		if err != nil || plan.Asks {
			return
		}
		command := plan.Command(Way{}, Files{Headers: "/dev/fd/3"})
		for _, abbreviating := range []bool{true, false} {
			judge(t, hear(command[1:], abbreviating), slices.Contains(command, "-g") || slices.Contains(command, "--globoff"))
		}
	})
}

func judge(t *testing.T, h heard, globoff bool) {
	t.Helper()
	for _, name := range h.options {
		i := slices.IndexFunc(options(), func(o option) bool { return o.name == name })
		if i < 0 || options()[i].rule == refused {
			t.Fatalf("curl sees --%s: %+v", name, h)
		}
	}
	for i, line := range h.headers {
		name, _, _ := strings.Cut(strings.ToLower(line), ":")
		if strings.HasPrefix(line, "@") != (i == 0) || strings.TrimSpace(name) == "authorization" || strings.ContainsAny(line, "\r\n") {
			t.Fatalf("curl sees the header %q", line)
		}
	}
	for _, raw := range h.urls {
		all := []string{raw}
		if !globoff {
			all = expand(raw)
		}
		for _, one := range all {
			u, err := url.Parse(one)
			if err != nil { // of globs that curl would refuse, and queries
				u, err = url.Parse(strings.SplitN(one, "?", 2)[0])
			}
			if err != nil || u.Scheme+"://"+u.Host != "https://api.example.com" && u.Scheme+"://"+u.Host != "https://files.example.com:8443" ||
				u.User != nil || strings.Contains(u.EscapedPath(), "/../") {
				t.Fatalf("curl asks %q (%v)", one, err)
			}
		}
	}
}

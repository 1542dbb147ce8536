package curl

import "strings"

// take judges one option and its value; keep says whether it goes on to curl.
func (s *scan) take(o option, form, value string) (keep bool, err error) {
	switch {
	case o.rule == refused:
		return false, refusal(o, form)
	case o.rule == asks:
		s.plan.Asks = true
		return true, nil
	case o.rule == dropped:
		return false, nil
	case o.rule != body && strings.ContainsFunc(value, isControl):
		// Several values reach the request's head as they are: a line break in one begins another header.
		return false, refuse("the value of curl option %s holds a control character", form).Hint("write one header an option, on one line")
	case o.rule == looked:
		return s.look(o, form, value)
	}
	return true, nil
}

// look judges the options that are neither good nor bad by themselves.
func (s *scan) look(o option, form, value string) (keep bool, err error) {
	switch o.name {
	case "header":
		return s.header(value)
	case "insecure":
		s.insecure = true
	case "globoff":
		s.globoff = true
	case "location", "follow":
		s.plan.Follows = true
	case "connect-to", "resolve", "alt-svc", "doh-url", "dns-servers":
		s.steered = form
	case "request":
		return true, checkMethod(form, value)
	case "ciphers", "tls13-ciphers":
		return true, checkCiphers(form, value)
	case "tls-max":
		return true, checkTLSMax(value)
	}
	return true, nil
}

// checkMethod holds a method to a token (RFC 9110 section 5.6.2): with a blank in it, it would be the request's target
// as well. The answer to TRACE is the request (RFC 9110 section 9.3.8), and not every server minds a method's case.
func checkMethod(form, value string) error {
	switch {
	case !isToken(value):
		return refuse("the value of curl option %s is no HTTP method", form).Hint("%s PATCH", form)
	case strings.EqualFold(value, "TRACE"):
		return refuse("curl option %s: the answer to TRACE would show the token", form).Hint("authctl call --no-auth TRACE URL")
	}
	return nil
}

// checkCiphers refuses the suites that encrypt nothing or verify nobody.
func checkCiphers(form, value string) error {
	upper := strings.ToUpper(value)
	for _, weak := range []string{"NULL", "COMPLEMENTOF", "ADH", "AECDH", "DH_ANON", "EXP"} {
		if strings.Contains(upper, weak) {
			return refuse("curl option %s: it names suites that do not protect the token", form).
				Hint("name suites that encrypt and verify")
		}
	}
	return nil
}

func checkTLSMax(value string) error {
	switch value {
	case "default", "1.2", "1.3":
		return nil
	}
	return refuse("curl option --tls-max: a token is not sent over TLS older than 1.2").Hint("--tls-max 1.2")
}

// header judges the value of -H. The headers of a file are read here, once, and go through the pipe: a file that
// changes between two readers could say one thing to each.
func (s *scan) header(value string) (keep bool, err error) {
	name, isFile := strings.CutPrefix(value, "@")
	if !isFile {
		return true, s.headerLine(value)
	}
	data, err := s.ReadFile(name)
	if err != nil {
		return false, err
	}
	for _, line := range strings.FieldsFunc(string(data), func(r rune) bool { return r == '\r' || r == '\n' }) {
		if strings.ContainsFunc(line, isControl) {
			return false, refuse("a header of a file holds a control character").Hint("write one header a line")
		}
		if err := s.headerLine(line); err != nil {
			return false, err
		}
		s.plan.Lines = append(s.plan.Lines, line)
	}
	return false, nil
}

// headerLine judges "Name: value", "Name:" and "Name;". What has neither colon nor semicolon is not sent.
func (s *scan) headerLine(line string) error {
	name, _, ok := strings.Cut(line, ":")
	if !ok {
		if name, _, ok = strings.Cut(line, ";"); !ok {
			return nil
		}
	}
	if !isToken(name) {
		return refuse("what stands in front of a header's colon is no name").Hint("-H 'Accept: application/json'")
	}
	switch name = strings.ToLower(name); name {
	case "authorization":
		return refuse("the header Authorization is the token's").
			Hint("leave it out; run curl itself for a credential of your own")
	case "host":
		return refuse("the header Host would name another server than the URL").Hint("put the server into the URL")
	case "proxy-authorization":
		return refuse("the header Proxy-Authorization would reach the API, not the proxy").Hint("--proxy-user, or --proxy-header")
	}
	s.plan.Named[name] = true
	return nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken reports whether s is a token of RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

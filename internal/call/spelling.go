package call

import (
	"net/http"
	"net/textproto"
)

// Spelling says how names of headers were written, by their canonical form. To HTTP the case of a name means nothing;
// to some servers that of SOAPAction does.
type Spelling map[string]string

// Note keeps how name is written, the first time that it comes.
func (s *Spelling) Note(name string) {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	if _, known := (*s)[canonical]; known || isLookedFor(canonical) {
		return
	}
	if *s == nil {
		*s = Spelling{}
	}
	(*s)[canonical] = name
}

// Or is s, with the names of others that it does not know.
func (s Spelling) Or(others Spelling) Spelling {
	if s == nil {
		return others
	}
	for _, name := range others {
		s.Note(name)
	}
	return s
}

// apply writes the names of h, which are canonical, as they were.
func (s Spelling) apply(h http.Header) {
	for canonical, name := range s {
		if values, ok := h[canonical]; ok && name != canonical {
			delete(h, canonical)
			h[name] = values
		}
	}
}

// isLookedFor knows the headers that net/http looks for by their canonical names, or makes itself.
func isLookedFor(canonical string) bool {
	switch canonical {
	case "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Expect", "Accept-Encoding",
		"Authorization", "Idempotency-Key", "X-Idempotency-Key":
		return true
	}
	return false
}

package secret

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	minNeedle  = 4 // what is shorter is masked as a whole word only, or every other word would go
	minPartial = 8 // how much of a secret at the end of a cut text gives it away
)

// Mask takes secrets out of text that was made elsewhere: a server that repeats what it was sent, a helper that
// complains about what it read. It knows every secret in the spellings that software gives to text: as it is,
// percent-escaped, JSON-escaped, as HTML entities, any mixture of them, hexadecimal, and base64 at any alignment, as in
// a Basic pair. It does not know a secret that was never added. A nil Mask masks nothing; all methods may be called
// concurrently.
type Mask struct {
	mu      sync.Mutex
	known   map[pair]bool
	fresh   []pair // added, not compiled yet: most runs never show text of a server
	needles []needle
	words   []string
}

type pair struct{ id, secret string }

// NewMask makes an empty mask.
func NewMask() *Mask { return &Mask{known: map[pair]bool{}} }

// Add makes the mask know a secret.
func (m *Mask) Add(s String) { m.AddPair("", s) }

// AddPair makes the mask know a secret and the pair that client_secret_basic makes of it (RFC 6749 section 2.3.1).
func (m *Mask) AddPair(id string, s String) {
	text := s.Reveal()
	if m == nil || text == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := (pair{id, text}); !m.known[p] {
		m.known[p] = true
		m.fresh = append(m.fresh, p)
	}
}

// Text gives s with [Redacted] in place of every secret. A secret that s breaks off in is masked as well.
func (m *Mask) Text(s string) string {
	if m == nil || s == "" {
		return s
	}
	needles, words := m.compiled()
	var found spans
	for _, w := range words {
		found = append(found, wholeWords(s, w)...)
	}
	if len(needles) > 0 {
		for v := range views(s) {
			found = append(found, v.search(needles, len(s))...)
		}
	}
	return found.redact(s)
}

func (m *Mask) compiled() ([]needle, []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.fresh {
		if len(p.secret) < minNeedle {
			m.words = append(m.words, p.secret)
		}
		m.needles = append(m.needles, needlesOf(p)...)
	}
	m.fresh = nil
	return m.needles, m.words
}

// span is a part of a text, by bytes.
type span struct{ from, to int }

type spans []span

// redact replaces the spans, which may overlap.
func (all spans) redact(s string) string {
	if len(all) == 0 {
		return s
	}
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	var out strings.Builder
	end := 0
	for i, sp := range all {
		if i == 0 || sp.from > end {
			out.WriteString(s[end:sp.from])
			out.WriteString(Redacted)
		}
		end = max(end, sp.to)
	}
	out.WriteString(s[end:])
	return out.String()
}

// wholeWords finds word where no letter or digit touches it.
func wholeWords(s, word string) spans {
	var found spans
	for at := 0; ; {
		i := strings.Index(s[at:], word)
		if i < 0 {
			return found
		}
		from := at + i
		to := from + len(word)
		before, _ := utf8.DecodeLastRuneInString(s[:from])
		after, _ := utf8.DecodeRuneInString(s[to:])
		if !wordRune(before) && !wordRune(after) {
			found = append(found, span{from, to})
		}
		at = to
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

package httpx

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// excerptRunes is how much of a stranger's text is shown at most.
const excerptRunes = 512

// Masker takes secrets out of text.
type Masker interface{ Text(s string) string }

// Visible writes what a terminal would obey, hide or reorder as \xNN or \uNNNN: C0 but TAB and LF, DEL, C1, bidi and
// zero-width characters, and bytes that are no UTF-8. Applied twice it changes nothing more.
func Visible(s string) string {
	clean := true
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || (c < ' ' && c != '\t' && c != '\n') {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	return string(appendVisible(make([]byte, 0, len(s)+16), []byte(s)))
}

// Excerpt is how text of a server is shown: secrets masked, put on one line, made visible, cut to 512 characters. The
// order matters: a cut or an escape inside a secret would hide it from the mask. One line, because a line of a server
// could pose as a line of this program.
func Excerpt(s string, mask Masker) string {
	if mask != nil {
		s = mask.Text(s)
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = Visible(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }), " "))
	n := 0
	for i := range s {
		if n++; n == excerptRunes && utf8.RuneCountInString(s[i:]) > 1 {
			return s[:i] + "…"
		}
	}
	return s
}

// VisibleWriter applies [Visible] to a stream. It holds back the bytes of a character that a Write cut; Close writes
// them as they are meant to be seen, and does not close w.
func VisibleWriter(w io.Writer) io.WriteCloser { return &visibleWriter{w: w} }

type visibleWriter struct {
	w    io.Writer
	held []byte // the beginning of a character
	out  []byte // reused
}

func (v *visibleWriter) Write(p []byte) (int, error) {
	text := p
	if len(v.held) > 0 {
		text = slices.Concat(v.held, p)
	}
	whole := len(text) - cutRune(text)
	v.out = appendVisible(v.out[:0], text[:whole])
	v.held = append([]byte(nil), text[whole:]...)
	if _, err := v.w.Write(v.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (v *visibleWriter) Close() error {
	if len(v.held) == 0 {
		return nil
	}
	_, err := v.w.Write(appendVisible(nil, v.held))
	v.held = nil
	return err
}

// cutRune counts the bytes at the end of p that begin a character without ending it.
func cutRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if tail := p[len(p)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

func appendVisible(out, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1, r < 0x80 && isForbidden(r):
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case !isForbidden(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			out = fmt.Appendf(out, `\U%08x`, r)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// isForbidden names the characters that must not reach a terminal.
func isForbidden(r rune) bool {
	switch {
	case r == '\t' || r == '\n':
		return false
	case r < ' ' || (0x7f <= r && r <= 0x9f):
		return true
	case r < 0xad:
		return false
	}
	switch {
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0x180e, r == 0xfeff, // soft hyphen, joiner, Arabic mark, BOM
		0x115f <= r && r <= 0x1160, r == 0x3164, r == 0xffa0, // fillers without a shape
		0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, // zero width, separators, bidi
		0x2060 <= r && r <= 0x206f, 0xfff9 <= r && r <= 0xfffb, // invisible operators, isolates, annotations
		0xe0000 <= r && r <= 0xe0fff: // tags
		return true
	}
	return false
}

package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
)

// endMark is a character that no secret has.
const endMark = "\x00"

// needle is one spelling of a secret, folded as the views are.
type needle struct {
	text          []byte
	anyCase       bool // hexadecimal digits
	before, after int  // further base64 digits that hold a few bits of the secret
}

// needlesOf spells a secret. Escapes need no spelling of their own: views undo them.
func needlesOf(p pair) []needle {
	var all []needle
	add := func(n needle) {
		if len(n.text) >= minNeedle {
			all = append(all, n)
		}
	}
	if len(p.secret) >= minNeedle {
		// A secret that looks escaped itself is looked for unescaped as well, since the views that undo a mixture of
		// escapes undo the secret's own. The end mark keeps its last character from looking like half an escape.
		for v := range views(p.secret + endMark) {
			add(needle{text: bytes.TrimSuffix(v.folded(), []byte(endMark))})
		}
		add(needle{text: []byte(hex.EncodeToString([]byte(p.secret))), anyCase: true})
		for shift := range 3 {
			add(base64Needle(p.secret, shift))
			if form := url.QueryEscape(p.secret); form != p.secret {
				add(base64Needle(form, shift))
			}
		}
	}
	if p.id != "" {
		add(base64Needle(p.id+":"+p.secret, 0))
		add(base64Needle(url.QueryEscape(p.id)+":"+url.QueryEscape(p.secret), 0))
	}
	return all
}

// base64Needle spells text as it stands in base64 behind shift bytes of something else: the digits that text alone
// decides.
func base64Needle(text string, shift int) needle {
	digits := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + text))
	from, before := 0, 0
	if shift > 0 {
		from, before = shift+1, 1 // 8 bits reach into the second digit, 16 bits into the third
	}
	to := (shift + len(text)) * 8 / 6
	return needle{text: fold([]byte(digits[min(from, to):to])), before: before, after: len(digits) - to}
}

// find calls mark with each place of the needle in text, in order, overlapping ones too, and with a beginning of it
// that ends the text. It is Knuth, Morris and Pratt's search: linear, whatever a server sends.
func (n *needle) find(text []byte, mark func(from, to int)) {
	if !bytes.Contains(text, n.text[:min(len(n.text), minPartial)]) {
		return
	}
	border := borders(n.text)
	matched := 0
	for i, c := range text {
		for matched > 0 && (matched == len(n.text) || n.text[matched] != c) {
			matched = border[matched-1]
		}
		if n.text[matched] == c {
			matched++
		}
		if matched == len(n.text) {
			mark(i+1-matched, i+1)
		}
	}
	if matched >= minPartial && matched < len(n.text) {
		mark(len(text)-matched, len(text))
	}
}

// borders gives for each prefix of text the length of its longest proper prefix that is a suffix of it too.
func borders(text []byte) []int {
	out := make([]int, len(text))
	k := 0
	for i := 1; i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = out[k-1]
		}
		if text[i] == text[k] {
			k++
		}
		out[i] = k
	}
	return out
}

// fold makes equal what transports exchange freely: the digits in which base64 and base64url differ, and a blank
// that a form writes as a plus sign.
func fold(text []byte) []byte {
	for i, c := range text {
		switch c {
		case ' ', '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	return text
}

func base64Digit(c byte) bool {
	return c == '+' || c == '/' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

package page

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheNextLinkIsFoundHoweverItIsWritten(t *testing.T) {
	for _, c := range []struct {
		want  string
		links []string
	}{
		{"/2", []string{`</2>; rel="next"`}},
		{"/2", []string{`</2>; rel=next`}},
		{"/2", []string{`</2>;REL="NeXt"`}},
		{"/2", []string{`</1>; rel="prev", </2>; rel="next", </9>; rel="last"`}},
		{"/2", []string{`</1>; rel="prev"`, `</2>; rel="next"`}},
		{"/2", []string{`</2>; title="a, b; rel=\"prev\""; rel="start next"`}},
		{"/2?a=b,c;d", []string{`</2?a=b,c;d>; rel="next"`}},
		{"/2", []string{`< /2 > ; rel = "next" `}},
		{"/2", []string{`,, garbage, </2>; rel="next"`}},
		{"/2", []string{`"</no>; rel=next", </2>; rel="next"`}},
		{"/2", []string{`</2>; rel="next"; rel="prev"`}},
		{"", []string{`</2>; rel="prev"; rel="next"`}},
		{"", []string{`</2>; rel="nextish"`}},
		{"", []string{`</2>; rev="next"`}},
		{"", []string{`</2>; rel="next"; anchor="/other"`}},
		{"", []string{`</2; rel="next"`}},
		{"", []string{`<>; rel="next"`}},
		{"", []string{``}},
		{"/2", []string{`</2>; rel="next`}},
		{"", []string{strings.Repeat("</1>;rel=a,", maxLinks) + `</2>; rel="next"`}},
	} {
		h := http.Header{"Link": c.links}
		if got := nextLink(h); got != c.want {
			t.Errorf("%q: %q, want %q", c.links, got, c.want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	for _, seed := range []string{
		`</2>; rel="next"`, `</1>; rel="prev", </2>; rel="next"`, `<`, `<a>;rel="\`, `;;;`, `<a>;b="c\"d";rel=next,`, "\x00<a>;\trel\t=next",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := nextLink(http.Header{"Link": {value}})
		if got != "" && !strings.Contains(value, got) {
			t.Fatalf("%q is not in %q", got, value)
		}
		if got != "" && !strings.Contains(strings.ToLower(value), "next") && !strings.Contains(value, `\`) {
			t.Fatalf("%q holds no next", value)
		}
		if plain := `</p>; rel="next", ` + value; nextLink(http.Header{"Link": {plain}}) != "/p" {
			t.Fatalf("%q hid the link before it", value)
		}
	})
}

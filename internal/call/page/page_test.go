package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/call/shape"
	"github.com/authctl/authctl/internal/fault"
)

const first = "https://api.example.com/v1/things"

// site answers by path and query; what it does not know is 404.
type site map[string]answer

type answer struct {
	body, link string
	status     int
}

type visitor struct {
	site   site
	asked  []string
	broken error // in place of an answer, for all but the first page
}

func (v *visitor) Do(_ context.Context, req *call.Request) (*http.Response, error) {
	v.asked = append(v.asked, req.URL.String())
	if v.broken != nil && len(v.asked) > 1 {
		return nil, v.broken
	}
	a, ok := v.site[req.URL.RequestURI()]
	res := &http.Response{StatusCode: max(200, a.status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body))}
	if !ok {
		res.StatusCode = 404
		res.Body = io.NopCloser(strings.NewReader("no such page"))
	}
	if a.link != "" {
		res.Header.Set("Link", "<"+a.link+`>; rel="next"`)
	}
	return res, nil
}

// visit gives all pages from the first one on.
func visit(t *testing.T, v *visitor, o Options) (string, error) {
	t.Helper()
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	o.Doer, o.Request = v, &call.Request{URL: u}
	res, err := v.Do(t.Context(), o.Request)
	if err != nil {
		t.Fatal(err)
	}
	body := Body(t.Context(), o, res)
	defer body.Close()
	out, err := io.ReadAll(body)
	return string(out), err
}

func jq(t *testing.T, expr string) shape.Shaper {
	t.Helper()
	q, err := shape.ParseQuery("--jq", expr)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func next(t *testing.T, expr, param string) *Next {
	t.Helper()
	n, err := ParseNext(expr, param)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func three() site {
	return site{
		"/v1/things":        {body: "[1,2]\n", link: "https://api.example.com/v1/things?page=2"},
		"/v1/things?page=2": {body: "[3]", link: "things?page=3"},
		"/v1/things?page=3": {body: ` [ ] `},
	}
}

func TestPagesFollowEachOtherAsTheyCame(t *testing.T) {
	got, err := visit(t, &visitor{site: three()}, Options{})
	if want := "[1,2]\n[3]\n [ ] "; err != nil || got != want {
		t.Errorf("%q %v, want %q", got, err, want)
	}
}

func TestOnePageIsByteForByteTheSame(t *testing.T) {
	for _, body := range []string{"", "x", "\n\n", "\xff\x00", strings.Repeat("y", 200_000)} {
		if got, err := visit(t, &visitor{site: site{"/v1/things": {body: body}}}, Options{}); err != nil || got != body {
			t.Errorf("%d bytes became %d: %v", len(body), len(got), err)
		}
	}
}

func TestSlurpedPagesAreOneArray(t *testing.T) {
	got, err := visit(t, &visitor{site: three()}, Options{Slurp: true})
	if want := "[[1,2],[3],[ ]]\n"; err != nil || got != want {
		t.Errorf("%q %v, want %q", got, err, want)
	}
}

func TestAPageOfSeveralValuesIsNoPage(t *testing.T) {
	_, err := visit(t, &visitor{site: site{"/v1/things": {body: "1\n2\n"}}}, Options{Shaper: jq(t, ".")})
	if f := fault.From(err); f.Code != "protocol.json" || !strings.HasPrefix(f.Error(), "the answer is not JSON: more follows") {
		t.Errorf("%v", err)
	}
}

func TestAPageThatHasNoBodyIsNothing(t *testing.T) {
	for _, status := range []int{204, 205, 304} {
		for want, o := range map[string]Options{"": {Shaper: jq(t, ".")}, "[]\n": {Slurp: true}} {
			got, err := visit(t, &visitor{site: site{"/v1/things": {status: status}}}, o)
			if err != nil || got != want {
				t.Errorf("%d: %q %v, want %q", status, got, err, want)
			}
		}
	}
	if got, err := visit(t, &visitor{site: site{"/v1/things": {status: 304}}}, Options{Next: next(t, "next", "")}); err != nil || got != "" {
		t.Errorf("%q %v", got, err)
	}
}

func TestJqSeesEachPageOrAllOfThemSlurped(t *testing.T) {
	got, err := visit(t, &visitor{site: three()}, Options{Shaper: jq(t, "length")})
	if err != nil || got != "2\n1\n0\n" {
		t.Errorf("%q %v", got, err)
	}
	got, err = visit(t, &visitor{site: three()}, Options{Shaper: jq(t, "map(length) | add"), Slurp: true})
	if err != nil || got != "3\n" {
		t.Errorf("%q %v", got, err)
	}
}

func TestTheBodyNamesTheNextPage(t *testing.T) {
	for name, c := range map[string]struct {
		next, param, body string
		second            string
	}{
		"a URL":                   {"next", "", `{"next":"https://api.example.com/v1/things?p=2"}`, "/v1/things?p=2"},
		"a path":                  {"next", "", `{"next":"/v2/other"}`, "/v2/other"},
		"a query":                 {"next", "", `{"next":"?p=2"}`, "/v1/things?p=2"},
		"a nested member":         {"links.next.href", "", `{"links":{"next":{"href":"/p2"}}}`, "/p2"},
		"with a leading dot":      {".links.next", "", `{"links":{"next":"/p2"}}`, "/p2"},
		"OData as a path":         {".@odata.nextLink", "", `{"@odata.nextLink":"https://api.example.com/p2"}`, "/p2"},
		"OData":                   {"@odata.nextLink", "", `{"@odata.nextLink":"https://api.example.com/p2"}`, "/p2"},
		"a cursor":                {"cursor", "", `{"cursor":"a b&c"}`, "/v1/things?cursor=a%20b%26c"},
		"a cursor called next_":   {"meta.next_cursor", "", `{"meta":{"next_cursor":"x"}}`, "/v1/things?cursor=x"},
		"a token in camel case":   {"nextPageToken", "", `{"nextPageToken":"x"}`, "/v1/things?pageToken=x"},
		"a named parameter":       {"next", "after", `{"next":"x"}`, "/v1/things?after=x"},
		"a number":                {"next_page", "", `{"next_page":2}`, "/v1/things?page=2"},
		"a jq expression":         {".items | last | .id", "after", `{"items":[{"id":"i1"}]}`, "/v1/things?after=i1"},
		"a computed number":       {"select(.page) | .page + 1", "page", `{"page":1}`, "/v1/things?page=2"},
		"a cursor like a path":    {"next", "after", `{"next":"/9j+"}`, "/v1/things?after=%2F9j%2B"},
		"null":                    {"next", "", `{"next":null}`, ""},
		"nothing":                 {"next", "", `{}`, ""},
		"an empty text":           {"next", "", `{"next":""}`, ""},
		"false":                   {"next", "", `{"next":false}`, ""},
		"a list where no list is": {"next.href", "", `{"next":[1]}`, ""},
	} {
		v := &visitor{site: site{"/v1/things": {body: c.body, link: "/ignored"}}}
		if c.second != "" {
			v.site[c.second] = answer{body: "{}"}
		}
		_, err := visit(t, v, Options{Next: next(t, c.next, c.param)})
		if err != nil || len(v.asked) != 1+min(1, len(c.second)) || c.second != "" && v.asked[1] != "https://api.example.com"+c.second {
			t.Errorf("%s: asked %q: %v", name, v.asked, err)
		}
	}
}

func TestACursorReplacesTheOneBeforeAndLeavesTheRest(t *testing.T) {
	v := &visitor{site: site{
		"/v1/things":                         {body: `{"next":"https://api.example.com/v1/things?limit=5&cursor=0&x=%2f"}`},
		"/v1/things?limit=5&cursor=0&x=%2f":  {body: `{"next":"c1"}`},
		"/v1/things?limit=5&x=%2f&cursor=c1": {body: `{"next":"c2"}`},
		"/v1/things?limit=5&x=%2f&cursor=c2": {body: `{}`},
	}}
	if _, err := visit(t, v, Options{Next: next(t, "next", "cursor")}); err != nil || len(v.asked) != 4 {
		t.Errorf("%q %v", v.asked, err)
	}
}

func TestWhatCannotLeadToAPageIsTheServersFault(t *testing.T) {
	for _, body := range []string{`{"next":true}`, `{"next":{}}`, `{"next":"word"}`, `not json`, ``} {
		v := &visitor{site: site{"/v1/things": {body: body}}}
		got, err := visit(t, v, Options{Next: next(t, "next", "")})
		if !fault.Is(err, fault.Protocol) || len(v.asked) != 1 || got != body {
			t.Errorf("%s: %q %v", body, got, err)
		}
	}
	if _, err := ParseNext(".[", ""); !fault.Is(err, fault.Usage) {
		t.Errorf("%v", err)
	}
}

func TestAPageOfAnotherOriginIsNeverAskedFor(t *testing.T) {
	for _, link := range []string{
		"https://evil.example.com/v1/things?page=2", "http://api.example.com/v1/things?page=2", "https://api.example.com:8443/x",
		"//evil.example.com/x", `\\evil.example.com\x`, "https://api.example.com@evil.example.com/", "https:evil.example.com/x",
		"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://api.example.com.evil.example.com/", "/\tx", "https://",
	} {
		v := &visitor{site: site{"/v1/things": {body: "[1]", link: link}}}
		got, err := visit(t, v, Options{})
		if !fault.Is(err, fault.Policy) || len(v.asked) != 1 || got != "[1]" {
			t.Errorf("%s: %q, asked %q: %v", link, got, v.asked, err)
		}
		v = &visitor{site: site{"/v1/things": {body: `{"n":` + strconv.Quote(link) + `}`}}}
		_, _ = visit(t, v, Options{Next: next(t, "n", "")}) // what is no URL is a cursor, and harmless
		for _, asked := range v.asked {
			if !strings.HasPrefix(asked, first) {
				t.Errorf("%s in the body: asked %q", link, v.asked)
			}
		}
	}
}

func TestALoopEnds(t *testing.T) {
	for _, links := range [][]string{{"/v1/things"}, {"?p=2", "/v1/things"}, {"?p=2", "?p=2"}, {"?p=2#frag", "?p=2"}} {
		v := &visitor{site: site{"/v1/things": {body: "1", link: links[0]}}}
		if len(links) > 1 {
			v.site["/v1/things?p=2"] = answer{body: "2", link: links[1]}
		}
		got, err := visit(t, v, Options{})
		if f := fault.From(err); f.Code != "protocol.page_loop" || !strings.HasPrefix(got, "1") || len(v.asked) != len(links) {
			t.Errorf("%q: %q, asked %q: %v", links, got, v.asked, err)
		}
	}
}

// endless is a server that always has one page more.
type endless struct{ pages int }

func (e *endless) Do(context.Context, *call.Request) (*http.Response, error) {
	e.pages++
	return &http.Response{
		StatusCode: 200, Body: io.NopCloser(strings.NewReader("[1]\n")),
		Header: http.Header{"Link": {"</p/" + strconv.Itoa(e.pages) + `>; rel="next"`}},
	}, nil
}

func TestEndlessPagesAreBounded(t *testing.T) {
	u, _ := url.Parse(first)
	e := &endless{}
	res, _ := e.Do(t.Context(), nil)
	told := 0
	body := Body(t.Context(), Options{Doer: e, Request: &call.Request{URL: u}, Max: 7, Stopped: func() { told++ }}, res)
	defer body.Close()
	out, err := io.ReadAll(body)
	if err != nil || e.pages != 7 || strings.Count(string(out), "[1]") != 7 || told != 1 {
		t.Errorf("%d pages, told %d times: %v", e.pages, told, err)
	}
}

func TestNobodyIsToldWhenTheLastPageIsAlsoTheLastAllowed(t *testing.T) {
	told := false
	if _, err := visit(t, &visitor{site: three()}, Options{Max: 3, Stopped: func() { told = true }}); err != nil || told {
		t.Errorf("%t %v", told, err)
	}
}

func TestAFailureOnALaterPageComesBehindThePagesBefore(t *testing.T) {
	failed := errors.New("404")
	s := three()
	delete(s, "/v1/things?page=3")
	o := Options{Failed: func(req *call.Request, res *http.Response) error {
		if req.URL.RawQuery != "page=3" || res.StatusCode != 404 {
			t.Errorf("%s %d", req.URL, res.StatusCode)
		}
		return failed
	}}
	got, err := visit(t, &visitor{site: s}, o)
	if want := "[1,2]\n[3]\nno such page"; !errors.Is(err, failed) || got != want {
		t.Errorf("%q %v", got, err)
	}
	o.Slurp = true
	got, err = visit(t, &visitor{site: s}, o)
	if want := "[[1,2],[3]\nno such page"; !errors.Is(err, failed) || got != want {
		t.Errorf("%q %v", got, err)
	}
	o.Slurp, o.Shaper = false, jq(t, ".[]")
	got, err = visit(t, &visitor{site: s}, o)
	if want := "1\n2\n3\nno such page"; !errors.Is(err, failed) || got != want {
		t.Errorf("%q %v", got, err)
	}
}

func TestALostConnectionKeepsThePagesBefore(t *testing.T) {
	lost := fault.New(fault.Network, "network.lost", "gone")
	got, err := visit(t, &visitor{site: three(), broken: lost}, Options{})
	if got != "[1,2]\n" || !errors.Is(err, lost) {
		t.Errorf("%q %v", got, err)
	}
}

func TestASlurpedPageThatIsNotJSONIsNotPutIntoTheArray(t *testing.T) {
	s := three()
	s["/v1/things?page=2"] = answer{body: "<html>"}
	got, err := visit(t, &visitor{site: s}, Options{Slurp: true})
	if got != "[[1,2]" || !fault.Is(err, fault.Protocol) {
		t.Errorf("%q %v", got, err)
	}
}

func TestATemplateLeavesTheCursorAsItIs(t *testing.T) {
	tmpl, err := shape.ParseTemplate("{{.page}};", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{site: site{"/v1/things": {body: `{"page":1}`}, "/v1/things?page=2": {body: `{"page":2}`}}}
	got, err := visit(t, v, Options{Shaper: tmpl, Next: next(t, ".page + 1 | select(. < 3)", "page")})
	if err != nil || got != "1;2;" {
		t.Errorf("%q %v", got, err)
	}
}

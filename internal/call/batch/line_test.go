package batch

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/call"
	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/httpx"
)

func TestALineThatIsNotMeantStrictlyIsRefused(t *testing.T) {
	for name, line := range map[string]string{
		"nothing":                 ``,
		"broken":                  `{"path":"/x"`,
		"text behind it":          `{"path":"/x"} {"path":"/y"}`,
		"another type":            `["/x"]`,
		"a string":                `"path"`,
		"no path":                 `{"method":"GET"}`,
		"an empty path":           `{"path":""}`,
		"an unknown member":       `{"path":"/x","url":"/y"}`,
		"another case":            `{"Path":"/x"}`,
		"a member twice":          `{"path":"/x","path":"/y"}`,
		"twice behind an escape":  `{"path":"/x","p\u0061th":"/y"}`,
		"a path of another type":  `{"path":1}`,
		"a null method":           `{"path":"/x","method":null}`,
		"two bodies":              `{"path":"/x","json":{},"body":""}`,
		"body and file":           `{"path":"/x","file":"a","body":""}`,
		"an empty file name":      `{"path":"/x","file":""}`,
		"a query as text":         `{"path":"/x","query":"a=b"}`,
		"a query of objects":      `{"path":"/x","query":{"a":{}}}`,
		"a query of null":         `{"path":"/x","query":{"a":null}}`,
		"a query of lists deeper": `{"path":"/x","query":{"a":[["b"]]}}`,
		"headers as a list":       `{"path":"/x","headers":["A: b"]}`,
		"a header twice":          `{"path":"/x","headers":{"a":"b","a":"c"}}`,
		"no UTF-8":                "{\"path\":\"/\xff\"}",
	} {
		if _, err := ParseLine([]byte(line)); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMethodInSmallLettersIsTheOneThatIsMeant(t *testing.T) {
	for method, want := range map[string]string{"get": "GET", "Patch": "PATCH", "propfind": "propfind", "": ""} {
		l, err := ParseLine([]byte(`{"method":"` + method + `","path":"/x"}`))
		if err != nil {
			t.Fatal(err)
		}
		if req, err := l.Request(NewBase("https://api.example.com")); err != nil || req.Method != want {
			t.Errorf("%q is %q, %v", method, req.Method, err)
		}
	}
}

func TestALineSpellsItsHeaders(t *testing.T) {
	l, err := ParseLine([]byte(`{"path":"/x","headers":{"SOAPAction":"a","X-Two":"b"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req, err := l.Request(NewBase("https://api.example.com"))
	if err != nil || req.Spelled["Soapaction"] != "SOAPAction" || req.Header.Get("SOAPAction") != "a" {
		t.Errorf("%v %v %v", req.Spelled, req.Header, err)
	}
}

func TestALineSaysWhatTheRequestIs(t *testing.T) {
	l, err := ParseLine([]byte(`{"id": {"n": 1} , "method":"put", "path":"/a b\u0041","query":{"q":"x y","n":[1,true,"z"]},
		"headers":{"x-one":"1","X-Two":["2","3"]},"json": {"a": [1, "}"], "b":"\"{"} }`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Line{
		ID: json.RawMessage(`{"n":1}`), Method: "put", Path: "/a bA", Query: []string{"q=x y", "n=1", "n=true", "n=z"},
		Headers: http.Header{"X-One": {"1"}, "X-Two": {"2", "3"}}, Spelled: call.Spelling{"X-One": "x-one", "X-Two": "X-Two"}, JSON: json.RawMessage(`{"a": [1, "}"], "b":"\"{"}`),
	}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("got %+v\nwant %+v", l, want)
	}
}

func TestTheIDOfALineIsKnownThoughTheRestIsWrong(t *testing.T) {
	l, err := ParseLine([]byte(`{"nope":1,"id":"seven","path":"/x"}`))
	if err == nil || string(l.ID) != `"seven"` {
		t.Errorf("%s %v", l.ID, err)
	}
}

func TestALineBecomesACall(t *testing.T) {
	for _, c := range []struct{ line, method, url, body, kind string }{
		{`{"path":"/x"}`, "", "https://api.example.com/v1/x", "", ""},
		{`{"path":"x?a=1","query":{"b":"&"}}`, "", "https://api.example.com/v1/x?a=1&b=%26", "", ""},
		{`{"path":"/x","json":[1, 2]}`, "POST", "https://api.example.com/v1/x", "[1, 2]", "application/json"},
		{`{"path":"/x","json":null}`, "POST", "https://api.example.com/v1/x", "null", "application/json"},
		{`{"path":"/x","json":"@/etc/passwd"}`, "POST", "https://api.example.com/v1/x", `"@/etc/passwd"`, "application/json"},
		{`{"path":"/x","body":"@/etc/passwd","method":"PUT"}`, "PUT", "https://api.example.com/v1/x", "@/etc/passwd", ""},
		{`{"path":"/x","body":""}`, "POST", "https://api.example.com/v1/x", "", ""},
		{`{"path":"https://other.example.com/x"}`, "", "https://other.example.com/x", "", ""},
	} {
		l, err := ParseLine([]byte(c.line))
		if err != nil {
			t.Fatal(err)
		}
		req, err := l.Request(NewBase("https://api.example.com/v1"))
		if err != nil {
			t.Fatal(err)
		}
		var body []byte
		if req.Body != nil {
			r, _, err := req.Body.Open()
			if err != nil {
				t.Fatal(err)
			}
			body, _ = io.ReadAll(r)
		}
		if req.Method != c.method || req.URL.String() != c.url || string(body) != c.body || req.Implied.Get("Content-Type") != c.kind {
			t.Errorf("%s: %s %s %q %v", c.line, req.Method, req.URL, body, req.Implied)
		}
	}
}

func TestAPathThatLeavesTheBaseIsRefused(t *testing.T) {
	for _, path := range []string{"//evil.example.com/x", "/../x", "/%2e%2e/x", `\\evil.example.com`, "https://u@evil.example.com/", "javascript:alert(1)"} {
		l, err := ParseLine([]byte(`{"path":` + string(appendString(nil, []byte(path))) + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Request(NewBase("https://api.example.com/v1")); !fault.Is(err, fault.Policy) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLinesAreReadWhateverEndsThem(t *testing.T) {
	in := "\ufeff{\"a\":1}\r\n\r\n   \n" + strings.Repeat("x", maxLine+1) + "\n\t{\"b\":2}"
	var got []string
	for lines := range readLines(strings.NewReader(in)) {
		for _, l := range lines {
			if l.err != nil {
				l.text = []byte("error")
			}
			got = append(got, string(l.text))
		}
	}
	if want := []string{`{"a":1}`, "error", `{"b":2}`}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestALineIsGivenBeforeTheNextOneComes(t *testing.T) {
	r, w := io.Pipe()
	go func() { _, _ = w.Write([]byte("{}\n")) }()
	for lines := range readLines(r) {
		if len(lines) != 1 || string(lines[0].text) != "{}" {
			t.Errorf("got %v", lines)
		}
		return
	}
}

func TestAResultIsJSONWhateverTheBodyHolds(t *testing.T) {
	for _, body := range []string{"", "plain", "a\"b\\c\nd\te\x00\x1f\x7f", "é\u2028\U0001f600", "\xff\xfe", "</script>&"} {
		res := &http.Response{
			StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
			Header: http.Header{"B": {"1", "2"}, "A": {"\xff\""}},
		}
		line, err := (&encoder{}).answer(&job{index: 3, id: json.RawMessage(`"i"`)}, res)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Index, Status int
			ID            string
			Headers       map[string]string
			Body          *string
			BodyBase64    []byte `json:"body_base64"`
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil || !bytes.HasSuffix(line, []byte("}\n")) {
			t.Fatalf("%q: %v", line, err)
		}
		text := string(got.BodyBase64)
		if got.Body != nil {
			text = *got.Body
		}
		if text != body || got.Index != 3 || got.ID != "i" || got.Headers["B"] != "1, 2" {
			t.Errorf("%q: %s", body, line)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, seed := range []string{
		`{"path":"/x"}`, `{"id":1,"path":"/x","json":{"a":[1,{"b":"}"}]}}`, `{"path":"\u0041","query":{"a":[1,true]}}`,
		`{"path":"/x","headers":{"a":"b"},"body":"\\\""}`, `{`, `{"a":1,"a":2}`, ` { "path" : "/x" , "file" : "f" } `, `{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ParseLine(text)
		if err == nil {
			_, _ = l.Request(NewBase("https://api.example.com/v1"))
		}
		if !utf8.Valid(text) {
			return // ParseLine asks first
		}
		members, err := object(text)
		var reference map[string]json.RawMessage
		if json.Unmarshal(text, &reference) != nil || reference == nil {
			if err == nil {
				t.Fatalf("%q is no object", text)
			}
			return
		}
		for _, m := range members {
			if !bytes.Equal(compact(m.value), compact(reference[m.name])) && bytes.IndexByte(text, '\\') < 0 {
				t.Fatalf("%q: member %q is %q, want %q", text, m.name, m.value, reference[m.name])
			}
		}
		if err == nil && len(members) != len(reference) && bytes.IndexByte(text, '\\') < 0 {
			t.Fatalf("%q: %d members, want %d", text, len(members), len(reference))
		}
	})
}

func FuzzBaseResolvesAsTheSlowWayDoes(f *testing.F) {
	for _, ref := range []string{"/x", "x", "/", "//h/x", "/a//b", "/a/", "/a?b=c&d", "/a?", "/a/../b", "/%2e%2e", "", "?a=b", "/a#b", "https://api.example.com/"} {
		f.Add("https://api.example.com/v1/", ref)
		f.Add("https://api.example.com", ref)
		f.Add("https://api.example.com/a%2fb", ref)
		f.Add("", ref)
	}
	f.Fuzz(func(t *testing.T, raw, ref string) {
		got, err := NewBase(raw).resolve(ref)
		want, wantErr := httpx.Resolve(raw, ref)
		if (err == nil) != (wantErr == nil) || err == nil && (*got != *want || got.String() != want.String()) {
			t.Fatalf("%q below %q: %#v %v, want %#v %v", ref, raw, got, err, want, wantErr)
		}
	})
}

package call

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func report(t *testing.T) *Report {
	t.Helper()
	return &Report{
		URL: "https://api.example.com/a?x=1", File: "out",
		Trip: &Trip{
			Method: "POST", URL: parse(t, "https://user:CANARY@api.example.com/b"), Received: 10, Sent: 4, Redirects: 1,
			Ended: 2 * time.Second, Connected: 1500 * time.Microsecond, Connects: 2,
			Remote: &net.TCPAddr{IP: net.ParseIP("192.0.2.1"), Port: 443}, Local: &net.TCPAddr{IP: net.ParseIP("::1"), Port: 5},
		},
		Response: &http.Response{
			StatusCode: 302, Status: "302 Found", Proto: "HTTP/2.0", ProtoMajor: 2,
			Header: http.Header{"Content-Type": {"text/x"}, "X-Two": {"1", "2"}, "Location": {"https://u:CANARY@api.example.com/c"}},
		},
	}
}

func TestWriteOutIsWhatCurlWrites(t *testing.T) {
	t.Parallel()
	r := report(t)
	for format, want := range map[string]string{
		"%{http_code} %{response_code}\\n":                                               "302 302\n",
		"%{size_download}|%{size_upload}|%{speed_download}":                              "10|4|5",
		"%{time_total} %{time_connect} %{time_appconnect}":                               "2.000000 0.001500 0.000000",
		"%{url}|%{url_effective}|%{redirect_url}":                                        "https://api.example.com/a?x=1|https://api.example.com/b|https://api.example.com/c",
		"%{content_type} %{method} %{scheme} %{http_version}":                            "text/x POST HTTPS 2",
		"%{remote_ip}:%{remote_port} %{local_ip} %{local_port}":                          "192.0.2.1:443 ::1 5",
		"%{num_redirects} %{num_connects} %{num_headers} %{ssl_verify_result} %{urlnum}": "1 2 4 0 0",
		"%{filename_effective} %{exitcode} [%{errormsg}]":                                "out 0 []",
		"%header{x-two} [%header{absent}]":                                               "1 []",
		"100%% \\t\\r\\q\\":                                                              "100% \t\r\\q\\",
		"%x %":                                                                           "%x %",
		"%{open %header{open":                                                            "%{open %header{open",
		"a%{onerror}b":                                                                   "a",
		"%{HTTP_Code}%{OnError}b":                                                        "302",
		"":                                                                               "",
	} {
		if got, complaints := r.WriteOut(format); got != want || complaints != "" {
			t.Errorf("%s: %q %q, want %q", format, got, complaints, want)
		}
	}
	out, complaints := r.WriteOut("a%{nonsense}b%{stderr}c%{stdout}d")
	if out != "abd" || !strings.HasSuffix(complaints, "c") || !strings.Contains(complaints, `"nonsense"`) {
		t.Errorf("%q %q", out, complaints)
	}
	r.Exit, r.Message = 6, "lost"
	if out, _ := r.WriteOut("%{onerror}%{exitcode} %{errormsg}"); out != "6 lost" {
		t.Errorf("%q", out)
	}
}

func TestWriteOutTellsOfTransferEncodingAndOldVersions(t *testing.T) {
	t.Parallel()
	r := report(t)
	r.Response.Proto, r.Response.TransferEncoding = "HTTP/1.0", []string{"chunked"}
	out, _ := r.WriteOut("%{http_version} %{num_headers} %header{transfer-encoding} %{header_json}")
	if !strings.HasPrefix(out, "1 5 chunked ") || !strings.Contains(out, `"transfer-encoding":["chunked"]`) {
		t.Error(out)
	}
}

func TestWriteOutTellsOfACallWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	r := &Report{URL: "https://a.example.com/", Trip: &Trip{Method: "GET", URL: parse(t, "https://a.example.com/")}, Exit: 6, Message: "x"}
	out, _ := r.WriteOut("%{http_code} %{http_version} [%{remote_ip}] %{remote_port} [%{scheme}] %{url_effective} [%{redirect_url}] %header{a}")
	if out != "000 0 [] 0 [] https://a.example.com/ [] " {
		t.Errorf("%q", out)
	}
	if out, _ := r.WriteOut("%{header_json}"); out != "{}" {
		t.Errorf("%q", out)
	}
}

func TestWriteOutAsJSONIsOneObject(t *testing.T) {
	t.Parallel()
	var all map[string]any
	out, _ := report(t).WriteOut("%{json}")
	if err := json.Unmarshal([]byte(out), &all); err != nil || all["http_code"] != 302.0 || all["errormsg"] != nil || all["url_effective"] != "https://api.example.com/b" {
		t.Errorf("%v: %s", err, out)
	}
	if strings.Contains(out, "CANARY") {
		t.Error("a password was told")
	}
	for _, name := range variables() {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	var headers map[string][]string
	out, _ = report(t).WriteOut("%{header_json}")
	if err := json.Unmarshal([]byte(out), &headers); err != nil || len(headers["x-two"]) != 2 {
		t.Errorf("%v: %s", err, out)
	}
}

func FuzzWriteOutEndsAndPanicsNot(f *testing.F) {
	for _, seed := range []string{"%{http_code}\\n", "%", "%{", "%header{", "\\", "%%%", "%{stderr}%{json}", "%header{}%{}"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, format string) {
		r := &Report{Trip: &Trip{}}
		_, _ = r.WriteOut(format)
	})
}

func TestARemoteNameIsTheURLsAndIsSafe(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://h/a/b.tar.gz?x=/y": "b.tar.gz", "https://h/a%20b": "a%20b", "https://h/x%2fy": "x%2fy", "https://h/%2e%2e": "%2e%2e",
		"https://h/console": "console", "https://h/com10": "com10",
	} {
		if got, err := RemoteName(parse(t, raw)); err != nil || got != want {
			t.Errorf("%s: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"https://h", "https://h/", "https://h/a/", "https://h/..", "https://h/.", "https://h/.bashrc", "https://h/-rf", "https://h/a:b",
		"https://h/CON", "https://h/nul.txt", "https://h/Com1.log", "https://h/lpt9", "https://h/a.", "https://h/" + strings.Repeat("x", 300),
		`https://h/a*b`,
	} {
		if got, err := RemoteName(parse(t, raw)); err == nil {
			t.Errorf("%s: %q", raw, got)
		}
	}
}

func FuzzARemoteNameIsOneName(f *testing.F) {
	for _, seed := range []string{"/a", "/a/../b", "/%2e%2e%2fx", "/\\x", "/a\x00b", "//", "/.x", "/nul"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u := parse(t, "https://h/")
		u.Path = path
		if name, err := RemoteName(u); err == nil && (name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\\\x00\r\n:")) {
			t.Errorf("%q gives %q", path, name)
		}
	})
}

func TestAPreviewShowsNoSecretAndReadsNothing(t *testing.T) {
	t.Parallel()
	c, source := newClient(t, "https://api.example.com")
	c.Headers = []Header{{Name: "X-Own"}}
	d := &Data{Stdin: &failing{}}
	for _, arg := range []flagArg{{Form, "a=1"}, {Form, "@-"}, {Binary, "@/nonexistent"}} {
		if err := d.Add(arg.flag, arg.arg); err != nil {
			t.Fatal(err)
		}
	}
	text, err := c.Preview(&Request{
		Method: "POST", URL: parse(t, "https://api.example.com/v1/x?limit=1&api_key=CANARY&access%5Ftoken=CANARY"),
		Body: d.Body(), Implied: d.Implied(), Header: http.Header{"Cookie": {"CANARY"}, "X-Plain": {"v"}},
	})
	if err != nil || source.asked != 0 {
		t.Fatal(err, source.asked)
	}
	for _, want := range []string{"POST /v1/x?limit=1&api_key=[redacted]&", "Host: api.example.com\n", "Authorization: Bearer [redacted]\n", "X-Own: [redacted]\n", "X-Plain: v\n", "\n\na=1&[standard input]&[@/nonexistent]\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "CANARY") {
		t.Error(text)
	}
	if _, err := c.Preview(&Request{URL: parse(t, "https://other.example.com/")}); err == nil {
		t.Error("another origin was shown")
	}
}

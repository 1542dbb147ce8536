package httpx

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/authctl/authctl/internal/fault"
)

func TestAReplyOverTheLimitIsAProtocolFault(t *testing.T) {
	if body, err := ReadLimited(strings.NewReader("12345"), 5); string(body) != "12345" || err != nil {
		t.Errorf("at the limit: %q, %v", body, err)
	}
	endless := io.MultiReader(strings.NewReader("x"), iotest.ErrReader(errors.New("read beyond the limit")))
	for _, r := range []io.Reader{strings.NewReader("123456"), endless, iotest.ErrReader(io.ErrUnexpectedEOF)} {
		if _, err := ReadLimited(r, 5); !fault.Is(err, fault.Protocol) {
			t.Errorf("%v, want a protocol fault", err)
		}
	}
}

func TestRetryAfterIsReadAndBounded(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, " 7\t": 7 * time.Second, "3600": time.Hour, "3601": time.Hour,
		"99999999999999999999999999": time.Hour, "18446744073709551615": time.Hour, "9223372037": time.Hour,
		"Sat, 21 Nov 2026 12:00:30 GMT": 30 * time.Second, "Sat, 21 Nov 2026 11:00:00 GMT": 0,
		"Fri, 31 Dec 9999 23:59:59 GMT": time.Hour, "Saturday, 21-Nov-26 12:00:10 GMT": 10 * time.Second,
		"Mon, 01 Jan 0001 00:00:00 GMT": 0, "": -1, "-1": -1, "+1": -1, "1.5": -1, "soon": -1, "1e3": -1, "0x10": -1,
	} {
		got, ok := RetryAfter(http.Header{"Retry-After": {value}}, now)
		if ok != (want >= 0) || (ok && got != want) {
			t.Errorf("%q: %v, %v; want %v", value, got, ok, want)
		}
	}
}

func FuzzRetryAfterIsBounded(f *testing.F) {
	f.Add("120", int64(0))
	f.Add("Sat, 21 Nov 2026 12:00:30 GMT", int64(1795262400))
	f.Fuzz(func(t *testing.T, value string, unix int64) {
		d, ok := RetryAfter(http.Header{"Retry-After": {value}}, time.Unix(unix, 0))
		if d < 0 || d > MaxRetryAfter || (!ok && d != 0) {
			t.Fatalf("%q: %v, %v", value, d, ok)
		}
	})
}

func TestChallengesAreReadTolerantly(t *testing.T) {
	type p = map[string]string
	for _, c := range []struct {
		name   string
		values []string
		want   []Challenge
	}{
		{"none", nil, nil},
		{"bare", []string{"Bearer"}, []Challenge{{"Bearer", p{}, ""}}},
		{
			"entra",
			[]string{`Bearer realm="", authorization_uri="https://l.example/a?b=c,d", error="insufficient_claims", claims="eyJ9=="`},
			[]Challenge{{"Bearer", p{"realm": "", "authorization_uri": "https://l.example/a?b=c,d", "error": "insufficient_claims", "claims": "eyJ9=="}, ""}},
		},
		{
			"several in one",
			[]string{`Negotiate, Basic realm="x, Bearer error=\"y\"" , Bearer error=invalid_token`},
			[]Challenge{{"Negotiate", p{}, ""}, {"Basic", p{"realm": `x, Bearer error="y"`}, ""}, {"Bearer", p{"error": "invalid_token"}, ""}},
		},
		{
			"several headers",
			[]string{"Negotiate YWJj==", `bearer REALM = "r"`},
			[]Challenge{{"Negotiate", p{}, "YWJj=="}, {"bearer", p{"realm": "r"}, ""}},
		},
		{"first of two counts", []string{`Bearer error="a", error="b"`}, []Challenge{{"Bearer", p{"error": "a"}, ""}}},
		{"no commas", []string{`Bearer a="1" b="2"`}, []Challenge{{"Bearer", p{"a": "1", "b": "2"}, ""}}},
		{"quoted without end", []string{`Bearer a="1\"`}, []Challenge{{"Bearer", p{"a": `1"`}, ""}}},
		{"garbage", []string{`,,"x", =y, Bearer a=1`}, []Challenge{{"Bearer", p{"a": "1"}, ""}}},
	} {
		got := ParseChallenges(http.Header{"Www-Authenticate": c.values})
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzChallengesEnd(f *testing.F) {
	f.Add(`Bearer realm="", error="insufficient_claims", claims="e30="`)
	f.Add(`Negotiate abc==, Basic realm="a\"b", Bearer a=b c = "d"`)
	f.Add(strings.Repeat("a,", 100))
	f.Fuzz(func(t *testing.T, value string) {
		all := ParseChallenges(http.Header{"Www-Authenticate": {value, value}})
		if len(all) > maxChallenges {
			t.Fatalf("%d challenges", len(all))
		}
		for _, c := range all {
			if c.Scheme == "" || c.Params == nil {
				t.Fatalf("%q gives %v", value, c)
			}
		}
	})
}

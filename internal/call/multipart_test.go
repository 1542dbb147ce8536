package call

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/secret"
)

// formOf is what the -F flags make, with the boundary written as BOUNDARY; and its announced length.
func formOf(t *testing.T, stdin string, args ...string) (string, int64) {
	t.Helper()
	d := &Data{Stdin: strings.NewReader(stdin)}
	for _, arg := range args {
		if err := d.Add(Multi, arg); err != nil {
			t.Fatalf("%s: %v", arg, err)
		}
	}
	body, size, err := d.Body().Open()
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil || size >= 0 && int64(len(text)) != size {
		t.Fatalf("%d bytes, announced %d: %v", len(text), size, err)
	}
	return strings.ReplaceAll(string(text), d.form.boundary, "BOUNDARY"), size
}

func TestAFormIsWhatCurlMakesOfIt(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"f.txt": "text\n", "g.html": "<b>", "h.bin": "zz", `we"ird,na;me.txt`: "q"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Skipf("this file system takes no such name: %v", err)
		}
	}
	part := func(head, body string) string {
		return "--BOUNDARY\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + body + "\r\n"
	}
	for arg, want := range map[string]string{
		"a=1":                                part(`name="a"`, "1"),
		"a=":                                 part(`name="a"`, ""),
		"a=1;type=text/x-y":                  part("name=\"a\"\r\nContent-Type: text/x-y", "1"),
		"f=@f.txt":                           part("name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain", "text\n"),
		"f=@./f.txt":                         part("name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain", "text\n"),
		"g=<g.html":                          part("name=\"g\"\r\nContent-Type: text/html", "<b>"),
		"g=<f.txt":                           part(`name="g"`, "text\n"),
		"h=@h.bin":                           part("name=\"h\"; filename=\"h.bin\"\r\nContent-Type: application/octet-stream", "zz"),
		"h=@h.bin;filename=xx.gif":           part("name=\"h\"; filename=\"xx.gif\"\r\nContent-Type: image/gif", "zz"),
		`i=@"we\"ird,na;me.txt";type=a/b`:    part("name=\"i\"; filename=\"we%22ird,na;me.txt\"\r\nContent-Type: a/b", "q"),
		`q="red; green";type=text/q`:         part("name=\"q\"\r\nContent-Type: text/q", "red; green"),
		`na"me=v`:                            part(`name="na%22me"`, "v"),
		"f=@f.txt;type=a/b; charset=x":       part("name=\"f\"; filename=\"f.txt\"\r\nContent-Type: a/b; charset=x", "text\n"),
		"e= lead;type=text/a;filename=q.png": part("name=\"e\"; filename=\"q.png\"\r\nContent-Type: text/a", "lead"),
		`o="open`:                            part(`name="o"`, `"open`),
		"x=@-":                               part(`name="x"; filename="-"`, "stdin"),
		"x=@-;filename=a.pdf":                part("name=\"x\"; filename=\"a.pdf\"\r\nContent-Type: application/pdf", "stdin"),
		"x=<-":                               part(`name="x"`, "stdin"),
		"=unnamed":                           "--BOUNDARY\r\nContent-Disposition: form-data\r\n\r\nunnamed\r\n",
		"b= both ends \t":                    part(`name="b"`, "both ends"),
		`b=" both ends "`:                    part(`name="b"`, " both ends "),
		"f=@f.txt ;filename=a b ":            part("name=\"f\"; filename=\"a b\"\r\nContent-Type: text/plain", "text\n"),
		"f=@ f.txt":                          part("name=\"f\"; filename=\"f.txt\"\r\nContent-Type: text/plain", "text\n"),
		"g=<\tf.txt":                         part(`name="g"`, "text\n"),
		"s= @f.txt":                          part(`name="s"`, "@f.txt"),
		"s= <f.txt":                          part(`name="s"`, "<f.txt"),
		"s= (x":                              part(`name="s"`, "(x"),
		"t=b;type=x/y;type=z/w":              part("name=\"t\"\r\nContent-Type: x/y;type=z/w", "b"),
		"t=b;type=x/y;filename=q;type=z/w":   part("name=\"t\"; filename=\"q\"\r\nContent-Type: z/w", "b"),
		"n\r\nX: y=v":                        part(`name="n%0D%0AX: y"`, "v"),
	} {
		if got, _ := formOf(t, "stdin", arg); got != want+"--BOUNDARY--\r\n" {
			t.Errorf("-F %s\ngot  %q\nwant %q", arg, got, want+"--BOUNDARY--\r\n")
		}
	}
	got, _ := formOf(t, "", "f=@f.txt,h.bin;type=a/b")
	for _, want := range []string{"name=\"f\"\r\nContent-Type: multipart/mixed; boundary=", "attachment; filename=\"f.txt\"\r\nContent-Type: text/plain\r\n\r\ntext\n", "attachment; filename=\"h.bin\"\r\nContent-Type: a/b\r\n\r\nzz"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestAFormThatCannotBeMeantIsRefused(t *testing.T) {
	for _, arg := range []string{"noequal", "a=(;type=multipart/mixed", "a=hello; world", "a=x;headers=y", "a=x;type=t/x;headers=y", "a=x;type=t/x; encoder=8bit", "a=x;type=text", "a=x;type=t/x\r\nX: y", `a="x"y`, "a=@", "a=<"} {
		d := &Data{}
		if err := d.Add(Multi, arg); !fault.Is(err, fault.Usage) {
			t.Errorf("-F %q: %v", arg, err)
		}
	}
	for _, two := range [][2]DataFlag{{Multi, Form}, {Form, Multi}, {Upload, Multi}, {Multi, Upload}, {JSON, MultiText}} {
		d := &Data{}
		if err := d.Add(two[0], "a=1"); err != nil {
			t.Fatal(err)
		}
		if err := d.Add(two[1], "a=1"); !fault.Is(err, fault.Usage) {
			t.Errorf("%v and %v: %v", two[0], two[1], err)
		}
	}
}

func TestAFormOfFilesHasALengthAndCanBeSentAgain(t *testing.T) {
	t.Parallel()
	file := writeFile(t, strings.Repeat("x", 3<<20))
	d := &Data{}
	for _, arg := range []string{"a=@" + file, "b=<" + file, "c=text"} {
		if err := d.Add(Multi, arg); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Add(MultiText, "d=@x;type=y"); err != nil {
		t.Fatal(err)
	}
	body := d.Body()
	_, params, err := mime.ParseMediaType(d.Implied().Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, size, err := body.Open()
		if err != nil || size < 6<<20 || !body.Replayable() {
			t.Fatal(size, err)
		}
		form, err := multipart.NewReader(r, params["boundary"]).ReadForm(1 << 24)
		if err != nil || form.Value["d"][0] != "@x;type=y" || form.File["a"][0].Size != 3<<20 || len(form.Value["b"][0]) != 3<<20 {
			t.Fatal(err)
		}
		_ = r.Close()
	}
}

func TestAFormWithAMissingFileIsALocalFailure(t *testing.T) {
	t.Parallel()
	d := &Data{}
	if err := d.Add(Multi, "f=@"+filepath.Join(t.TempDir(), "none")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Body().Open(); !fault.Is(err, fault.IO) {
		t.Errorf("%v", err)
	}
}

func FuzzAFieldNeverEndsItsOwnHeader(f *testing.F) {
	for _, seed := range []string{"x", `"a;b";type=t/u`, "@f;filename=\"x\r\n\"", "<f;type=a/b;c=d;filename=e", "@a,b;type=x/y,c", `"\"\\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fields, err := parseField(text)
		if err != nil {
			return
		}
		for _, p := range fields {
			if head := p.named() + p.contentType(); strings.ContainsAny(head, "\r\n") {
				t.Errorf("%q makes %q", text, head)
			}
		}
	})
}

func TestURLEncodedDataIsWhatCurlMakesOfIt(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "hello a b&c\n")
	for arg, want := range map[string]string{
		"plain text":   "plain+text",
		"=c d=&":       "c+d%3D%26",
		"n m=v w":      "n m=v+w",
		"a@b=c":        "a@b=c",
		"k=-._~é/%":    "k=-._~%C3%A9%2F%25",
		"@" + file:     "hello+a+b%26c%0A",
		"name@" + file: "name=hello+a+b%26c%0A",
		"@-":           "from+stdin",
		"tail=":        "tail=",
	} {
		d := &Data{Stdin: strings.NewReader("from stdin")}
		if err := d.Add(Encoded, arg); err != nil {
			t.Fatal(err)
		}
		body, size, err := d.Body().Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if string(text) != want || err != nil || size != int64(len(want)) {
			t.Errorf("%s: %q (%d), want %q, %v", arg, text, size, want, err)
		}
	}
	d := &Data{}
	if err := d.Add(Encoded, "x@"); !fault.Is(err, fault.Usage) {
		t.Errorf("%v", err)
	}
}

func TestAFormKeepsItsBoundaryUnderAnotherType(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		profile, user string
		remove        []string
		want          string
	}{
		{"", "multipart/related", nil, "multipart/related; boundary=BOUNDARY"},
		{"multipart/form-data", "", nil, "multipart/form-data; boundary=BOUNDARY"},
		{"text/plain", "multipart/form-data; charset=utf-8", nil, "multipart/form-data; charset=utf-8; boundary=BOUNDARY"},
		{"", "multipart/form-data; Boundary=own", nil, "multipart/form-data; Boundary=own"},
		{"multipart/form-data", "", []string{"content-type"}, ""},
	} {
		c, d := &Client{}, &Data{}
		if err := d.Add(Multi, "a=1"); err != nil {
			t.Fatal(err)
		}
		req := &Request{Body: d.Body(), Implied: d.Implied(), Remove: one.remove, Header: http.Header{}}
		if one.profile != "" {
			c.Headers = []Header{{"Content-Type", secret.New(one.profile)}}
		}
		if one.user != "" {
			req.Header.Set("Content-Type", one.user)
		}
		got := strings.ReplaceAll(c.headers(req).Get("Content-Type"), d.form.boundary, "BOUNDARY")
		if got != one.want {
			t.Errorf("%+v: %q", one, got)
		}
	}
}

package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/config"
)

func TestBombsEndInTime(t *testing.T) {
	aliases := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := '1'; i <= '9'; i++ {
		prev := string(i - 1)
		aliases += "a" + string(i) + ": &a" + string(i) + " [" + strings.Repeat("*a"+prev+",", 9) + "]\n"
	}
	for name, text := range map[string]string{
		"aliases":        aliases,
		"flow nesting":   strings.Repeat("[", 20000),
		"closed":         "profiles: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"maps":           "profiles: " + strings.Repeat("{a: ", 20000),
		"block nesting":  strings.Repeat("- ", 20000) + "x",
		"one line":       "profiles: " + strings.Repeat("x", 1<<20-11),
		"one key":        strings.Repeat("k", 1<<20-3) + ": x",
		"many keys":      manyKeys(),
		"many items":     "profiles:\n" + strings.Repeat("- x\n", 1<<18-10),
		"quotes":         strings.Repeat("'", 1<<20),
		"anchors":        strings.Repeat("&a ", 1<<18),
		"questions":      strings.Repeat("? ", 1<<18),
		"claims":         oauth2Head + "    assertion: {key: env:K, claims: {a: " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}}\n",
		"claims in maps": oauth2Head + "    assertion: {key: env:K, claims: " + strings.Repeat("{a: ", 9000) + strings.Repeat("}", 9000) + "}\n",
		"many claims":    oauth2Head + "    assertion: {key: env:K, claims: {a: 1" + strings.Repeat(", a: 1", 1<<17) + "}}\n",
		"many details":   oauth2Head + "    authorization_details: [" + strings.Repeat("{type: a},", 1<<16) + "x]\n",
	} {
		start := time.Now()
		_, err := load(t, text)
		refused(t, err)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func manyKeys() string {
	var b strings.Builder
	b.WriteString("profiles:\n  - name: a\n")
	for i := 0; b.Len() < 1<<20-40; i++ {
		b.WriteString("    k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "_" + time.Duration(i).String() + ": x\n")
	}
	return b.String()
}

func FuzzLoad(f *testing.F) {
	f.Add(oneProfile)
	f.Add("default_profile: a\nstorage: file\nstorage_key: PLANTED\n" + oneProfile + "    client_secret: PLANTED\n    tls: {ca_file: ~/x}\n")
	f.Add("profiles:\n- name: a\n  provider: entra\n  scopes: [PLANTED]\n  params: [{name: a, value: *b}]\n")
	f.Add("profiles: [{name: a, provider: apiconnect, api_key: \"PLANTED\\x07\", headers: [{name: a, value: PLANTED b}]}]")
	f.Add(oauth2Head + "    assertion: {key: PLANTED, ttl: 5m, claims: {a: [1, {b: PLANTED}], iss: x}}\n    dpop: {alg: PLANTED}\n")
	f.Add(oauth2Head + "    client_assertion: {jwt: PLANTED, key: \"PLANTED\\n\"}\n    subject_token: {profile: a, type: PLANTED}\n    redirect_port: 0x1\n")
	f.Add(oauth2Head + "    authorization_details: [{type: PLANTED, a: {b: {c: [[[1.0e9, .5, ~]]]}}}, PLANTED]\n    token_headers: [{name: PLANTED, value: a}]\n")
	f.Add("profiles:\n- {name: a, provider: entra, certificate: {file: x, key: PLANTED}, managed_identity: {PLANTED: x}, cae: PLANTED, actor_token: {profile: a}}\n")
	f.Add("? [a]\n: !!binary x\n<<: *PLANTED\n")
	l := loader()
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		file, err := l.Check("profiles.yaml", []byte(strings.ReplaceAll(text, "PLANTED", planted)))
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %s", took)
		}
		if err != nil {
			refused(t, err)
			return
		}
		for _, name := range file.Names() {
			if _, err := file.Show(name); err != nil {
				t.Fatal(err)
			}
		}
		checkEdits(t, l, text)
	})
}

// checkEdits holds that a file which loads still loads with a profile more, and then again without it.
func checkEdits(t *testing.T, l *config.Loader, text string) {
	path := save(t, text, 0o600)
	if l.Add(t.Context(), path, config.Entry{{Key: "name", Value: "added"}, {Key: "provider", Value: "tnco"}}) != nil {
		return
	}
	if _, err := l.Load(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(t.Context(), path, "added"); err != nil {
		return
	}
	if _, err := l.Load(t.Context(), path); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkLoadEightProfiles(b *testing.B) {
	text := oneProfile
	for _, name := range strings.Fields("b c d e f g h") {
		text += "  - name: " + name + "\n    provider: tnco\n    base_url: https://app.example.com\n    client_id: LmClient\n    client_secret: env:SECRET\n"
	}
	path := save(b, text, 0o600)
	l := loader()
	for b.Loop() {
		if _, err := l.Load(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}

package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/internal/profile"
)

func TestEveryMistakeNamesItsLineAndWhatIsRight(t *testing.T) {
	const head = "profiles:\n  - name: a\n    provider: tnco\n"
	for name, c := range map[string]struct{ text, want string }{
		"a misspelt key":            {head + "    client_secert: env:X\n", `profiles.yaml:4: profile "a": client_secert: unknown key | did you mean client_secret?`},
		"camel case":                {head + "    baseUrl: https://a.example.com\n", `profiles.yaml:4: profile "a": baseUrl: unknown key | did you mean base_url?`},
		"a singular":                {head + "    scope: x\n", `:4: profile "a": scope: unknown key | did you mean scopes?`},
		"a key far from all":        {head + "    zzzzzzzz: x\n", `:4: profile "a": zzzzzzzz: unknown key | keys: name, provider`},
		"a key that is no word":     {head + "    'a b " + planted + "': x\n", `:4: profile "a": a key: unknown key`},
		"another provider's key":    {head + "    realm: provider\n", `:4: profile "a": realm: the provider of this profile has no such key | provider: apiconnect, or remove the line`},
		"a later key of a provider": {head + "    mode: legacy\n", `:4: profile "a": mode: not supported yet`},
		"a key twice":               {head + "    grant: password\n    grant: password\n", `:5: profile "a": grant: is said twice, first in line 4`},
		"no value":                  {head + "    client_id:\n", `:4: profile "a": client_id: has no value`},
		"an empty string":           {head + "    client_secret: ''\n", `:4: profile "a": client_secret: has no value`},
		"null":                      {head + "    client_id: null\n", `:4: profile "a": client_id: has no value`},
		"a list for a text":         {head + "    client_id: [" + planted + "]\n", `:4: profile "a": client_id: must be one value`},
		"a mapping for a secret":    {head + "    client_secret: {x: " + planted + "}\n", `:4: profile "a": client_secret: must be one value`},
		"a text for a mapping":      {head + "    tls: " + planted + "\n", `:4: profile "a": tls: must be a mapping`},
		"a nested misspelling":      {head + "    tls:\n      ca_fil: x\n", `:5: profile "a": tls.ca_fil: unknown key | did you mean ca_file?`},
		"a nested misspelling, 2":   {head + "    params:\n      - {name: x, val: y}\n", `:5: profile "a": params[0].val: unknown key | did you mean value?`},
		"yes for true":              {head + "    tls: {insecure_skip_verify: yes}\n", `:4: profile "a": tls.insecure_skip_verify: must be true or false`},
		"a quoted true":             {head + "    tls: {insecure_skip_verify: 'true'}\n", `tls.insecure_skip_verify: must be true or false`},
		"a duration without unit":   {head + "    timeout: 90\n", `:4: profile "a": timeout: has no unit | timeout: 90s`},
		"a duration of nothing":     {head + "    timeout: 0s\n", `:4: profile "a": timeout: must be a duration`},
		"a status out of range":     {head + "    reauth_statuses: [401, 200]\n", `:4: profile "a": reauth_statuses[1]: must be a status`},
		"a status that is no number": {
			head + "    reauth_statuses:\n      - 401\n      - x\n",
			`:6: profile "a": reauth_statuses[1]: must be a status`,
		},
		"an http base_url":                {head + "    base_url: http://" + planted + ".example.com\n", `:4: profile "a": base_url: must begin with https://`},
		"an origin with a path":           {head + "    allowed_origins:\n      - https://a.example.com\n      - https://b.example.com/x\n", `:6: profile "a": allowed_origins[1]: is scheme, host and port alone`},
		"what the provider refuses":       {"profiles:\n- name: e\n  provider: entra\n  scopes:\n  - User.Read\n", `:4: profile "e": scopes: must end in /.default | scopes: [ID/.default]`},
		"a broken reference":              {head + "    client_secret: 'env:'\n", `:4: profile "a": client_secret: env: is followed by nothing`},
		"a blank around a secret":         {head + "    client_secret: ' " + planted + "'\n", `:4: profile "a": client_secret: the value has a blank`},
		"a control character":             {head + "    client_secret: \"" + planted + "\\u0007\"\n", `:4: profile "a": client_secret: the value has a control character`},
		"a newline in a secret":           {head + "    client_secret: |\n      " + planted + "\n", `:4: profile "a": client_secret: the value has a blank or a newline`},
		"no provider":                     {"profiles:\n  - name: a\n", `:2: profile "a": provider: is required | one of: apiconnect, entra`},
		"a misspelt provider":             {"profiles:\n  - name: a\n    provider: entre\n", `:3: profile "a": provider: is not known | did you mean entra?`},
		"no name":                         {"profiles:\n  - provider: tnco\n", `:2: profile #1: name: is required`},
		"a bad name":                      {"profiles:\n  - name: " + planted + "/x\n    provider: tnco\n", `:2: profile #1: name: must be 1 to 64`},
		"a name twice":                    {oneProfile + "  - name: A\n    provider: tnco\n", `:5: profile "A": name: the profile in line 2 has this name already`},
		"no list":                         {"profiles: {a: b}\n", `:1: profiles: must be a list`},
		"an entry that is a text":         {"profiles:\n  - " + planted + "\n", `:2: profile #1: must be a mapping`},
		"an entry that is a list":         {"profiles:\n  - [name, x]\n", `:2: profile #1: must be a mapping`},
		"a misspelt top-level key":        {oneProfile + "storag: file\n", `:5: storag: unknown key | did you mean storage?`},
		"a top-level key in the singular": {"profile: []\n", `:1: profile: unknown key | did you mean profiles?`},
		"a top-level key twice":           {"storage: file\nstorage: file\n" + oneProfile, `:2: storage: is said twice, first in line 1`},
		"a storage":                       {"storage: disk\n" + oneProfile, `:1: storage: must be one of auto, keyring, file, memory`},
		"a later storage":                 {"storage: redis\n" + oneProfile, `:1: storage: not supported yet`},
		"a later top-level key":           {oneProfile + "redis: {url: x}\n", `:5: redis: not supported yet`},
		"an unknown default":              {"\ndefault_profile: b\n" + oneProfile, `:2: default_profile: there is no such profile | profiles: a`},
		"a list at the top":               {"- a\n", `:1: the file must begin with keys`},
		"nothing":                         {"", `profiles.yaml: there are no profiles in it | authctl profile add`},
		"comments alone":                  {"# soon\n", `there are no profiles in it`},
		"an empty list":                   {"profiles: []\n", `there are no profiles in it`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text)
			if got := refused(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatYAMLCanDoAndAProfileDoesNotNeedIsRefused(t *testing.T) {
	const head = "profiles:\n  - name: a\n    provider: tnco\n"
	for name, c := range map[string]struct{ text, want string }{
		"an alias":           {head + "    client_id: &x a\n    username: *x\n", `:4: profile "a": anchors (&) and aliases (*)`},
		"an unknown alias":   {head + "    client_secret: *hunter2\n", `:4: anchors (&) and aliases (*)`},
		"a merge":            {head + "    <<: {client_id: a}\n", `:4: profile "a": merge keys`},
		"a tag":              {head + "    client_id: !!str 12\n", `:4: profile "a": tags (!)`},
		"a private tag":      {head + "    client_id: !x " + planted + "\n", `:4: profile "a": tags (!)`},
		"a tagged mapping":   {"profiles:\n  - !x\n    name: a\n", `profile "a": tags (!)`},
		"a tagged key":       {head + "    !!str client_id: a\n", `tags (!)`},
		"an anchored list":   {"profiles: &x\n  - name: a\n", `anchors (&)`},
		"a number as key":    {head + "    1: a\n", `:4: profile "a": a key is not a word`},
		"a list as key":      {head + "    ? [a]\n    : b\n", `:4: profile "a": a key is not a word`},
		"two documents":      {oneProfile + "---\n" + oneProfile, `:5: there is more than one YAML document`},
		"depth":              {head + "    tls: " + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "\n", `:4: profile "a": it is nested more than 20 deep`},
		"a tab":              {"profiles:\n\t- name: a\n", `:2: this is not YAML`},
		"a colon in a value": {head + "    client_secret: " + planted + ": b\n", `:4: this is not YAML`},
		"a bare prompt:":     {head + "    password: prompt:\n", `:4: this is not YAML: mapping values are not allowed in this context | put it in quotes: "prompt:"`},
		"an indent":          {head + "   base_url: " + planted + "\n", `:4: this is not YAML`},
		"an open quote":      {head + "    client_secret: \"" + planted + "\n", `this is not YAML`},
		"invalid UTF-8":      {head + "    client_id: \xff" + planted + "\n", `:4: the file is not UTF-8 here`},
		"UTF-16":             {"\xff\xfep\x00", `:1: the file is UTF-16`},
		"a control":          {head + "    client_id: a\x1b[31m\n", `:4: there is a control character`},
		"a NUL":              {"profiles:\x00\n", `:1: there is a control character`},
		"too many profiles":  {"profiles:\n" + strings.Repeat("  - {name: a}\n", 1001), `:1: profiles: has more than 1000 entries`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, c.text)
			if got := refused(t, err); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestUnquotedScalarsKeepTheirText(t *testing.T) {
	for _, text := range []string{"0123", "no", "1e3", "1.10", "2026-01-01", "true", "0x1F", "1_000", ".5", "-x", "~x", "=", "a b", "100%", "C:\\x", "Ünï"} {
		file := mustLoad(t, oneProfile+"    client_id: "+text+"\n    params: [{name: a, value: "+text+"}]\n    client_secret: "+text+"\n")
		p := file.Profiles[0]
		if p.ClientID != text || p.Params[0].Value != text || p.ClientSecret.Arg.Reveal() != text {
			t.Errorf("%s became %q, %q, %q", text, p.ClientID, p.Params[0].Value, p.ClientSecret.Arg.Reveal())
		}
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	file := mustLoad(t, `
default_profile: Api.Connect
storage: file
storage_key: env:KEY
profiles:
  - name: Api.Connect
    provider: apiconnect
    base_url: https://apim.example.com
    allowed_origins: [https://a.example.com, "http://127.0.0.1:8080", 'https://[::1]:9']
    grant: password
    client_id: "  padded  "
    client_secret: keyring:apic/secret
    client_auth: client_secret_post
    basic_encoding: form
    username: chrisp
    password: 'command:pass show "a b"'
    scopes: openid profile
    audience: https://api.example.com
    resources: [https://r.example.com/x, urn:y]
    params: [{name: Case.Kept, value: ""}, {name: a, value: 007}]
    headers:
      - {name: X-Tenant, value: acme}
      - {name: X-Key, value: env:API_KEY}
    tls: {ca_file: ~/ca.pem, cert_file: certs/me.pem, server_name: apim, min_version: 1.3}
    proxy: none
    default_ttl: 20m
    expiry_skew: 5s
    timeout: 1m30s
    reauth_statuses: [401, 403]
    token_url: https://idp.example.com/token?p=x
    realm: admin/default-idp-1
    api_key: "prompt:"
    credentials_file: /etc/credentials.json
`)
	p := file.Profiles[0]
	got := fmt.Sprint(p.Name, p.Provider, p.BaseURL, p.AllowedOrigins, p.Grant, p.ClientID, p.ClientSecret, p.ClientAuth, p.BasicEncoding,
		p.Username, p.Password, p.Scopes, p.Audience, p.Resources, p.Params, p.Headers, p.TLS.CAFile, p.TLS.ServerName, p.TLS.MinVersion,
		p.Proxy, p.DefaultTTL, p.ExpirySkew, p.Timeout, p.ReauthStatuses, p.TokenURL, p.Own.Text("realm"), p.Own.Secret("api_key"),
		p.Own.Text("credentials_file"), file.Storage, file.StorageKey, file.DefaultProfile)
	const want = `Api.Connectapiconnecthttps://apim.example.com[https://a.example.com http://127.0.0.1:8080 https://[::1]:9] passwordpadded` +
		`keyring:apic/secretclient_secret_postformchrisp` + `command:pass show "a b" [openid profile] [https://api.example.com] ` +
		`[https://r.example.com/x urn:y] [{Case.Kept } {a 007}] [{X-Tenant [redacted]} {X-Key env:API_KEY}]/home/me/ca.pemapim1.3none` +
		` 20m0s 5s 1m30s [401 403]https://idp.example.com/token?p=xadmin/default-idp-1prompt:` + `/etc/credentials.jsonfileenv:KEYApi.Connect`
	if strip(got) != strip(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p.TLS.CertFile != file.Dir+"/certs/me.pem" || p.TLS.KeyFile != p.TLS.CertFile {
		t.Errorf("certificate %s, key %s", p.TLS.CertFile, p.TLS.KeyFile)
	}
	if len(file.Warnings) != 1 || !strings.HasSuffix(file.Warnings[0], `:11: profile "Api.Connect": client_id: blanks around the value were cut`) {
		t.Errorf("warnings: %q", file.Warnings)
	}
}

func strip(s string) string { return strings.ReplaceAll(s, " ", "") }

func TestWhatWasLeftOutGetsItsDefault(t *testing.T) {
	file := mustLoad(t, "\ufeff"+strings.ReplaceAll(oneProfile, "\n", "\r\n"))
	p := file.Profiles[0]
	if file.Storage != "auto" || p.Timeout != 30*time.Second || !slices.Equal(p.ReauthStatuses, []int{401}) || p.Scopes != nil {
		t.Errorf("got %s, %+v", file.Storage, p)
	}
	if p.TokenURL != "https://app.example.com/oauth/token" {
		t.Errorf("the provider did not complete the profile: %q", p.TokenURL)
	}
	p = mustLoad(t, oneProfile+"    scopes: []\n    reauth_statuses: []\n").Profiles[0]
	if p.Scopes == nil || p.ReauthStatuses == nil || len(p.Scopes)+len(p.ReauthStatuses) != 0 {
		t.Errorf("empty lists became %v and %v", p.Scopes, p.ReauthStatuses)
	}
}

func TestTheEnvironmentOverridesTheFilesStorage(t *testing.T) {
	if file := mustLoad(t, "storage: file\n"+oneProfile, "AUTHCTL_STORAGE", "memory"); file.Storage != "memory" {
		t.Errorf("got %s", file.Storage)
	}
	if file := mustLoad(t, "storage: file\n"+oneProfile, "AUTHCTL_STORAGE", ""); file.Storage != "file" {
		t.Errorf("an empty variable gave %s", file.Storage)
	}
	_, err := load(t, oneProfile, "AUTHCTL_STORAGE", planted)
	if got := refused(t, err); !strings.Contains(got, "AUTHCTL_STORAGE: must be one of auto, keyring, file, memory | export AUTHCTL_STORAGE=auto") {
		t.Error(got)
	}
	t.Setenv("AUTHCTL_STORAGE", "memory")
	t.Setenv("STORAGE", "memory")
	if file := mustLoad(t, oneProfile); file.Storage != "auto" {
		t.Errorf("the process's own environment was read: %s", file.Storage)
	}
}

func TestAProfileThatFlagsChangedIsCheckedAgain(t *testing.T) {
	l := loader()
	p := *mustLoad(t, "profiles:\n- name: e\n  provider: entra\n  scopes: [x/.default]\n").Profiles[0]
	if err := l.Recheck(&p); err != nil {
		t.Fatal(err)
	}
	p.Scopes = []string{"User.Read"}
	if got := refused(t, l.Recheck(&p)); got != "scopes: must end in /.default | scopes: [ID/.default]" {
		t.Error(got)
	}
	p.Scopes, p.Params = nil, []profile.Param{{Name: "Scope", Value: planted}}
	if got := refused(t, l.Recheck(&p)); got != "params[0].name: scope has a key of its own | use scopes:" {
		t.Error(got)
	}
}

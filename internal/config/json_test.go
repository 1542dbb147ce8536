package config_test

import (
	"encoding/json"
	"testing"
)

func TestYAMLBecomesTheSameJSON(t *testing.T) {
	for text, want := range map[string]string{
		"1":                              "1",
		"-12.50":                         "-12.50",
		"1e3":                            "1e3",
		"123456789012345678901234567890": "123456789012345678901234567890",
		"true":                           "true",
		"false":                          "false",
		"null":                           "null",
		"True":                           `"True"`,
		"yes":                            `"yes"`,
		"'1'":                            `"1"`,
		`"null"`:                         `"null"`,
		"''":                             `""`,
		"0123":                           `"0123"`,
		"0x1F":                           `"0x1F"`,
		"1_000":                          `"1_000"`,
		".5":                             `".5"`,
		".inf":                           `".inf"`,
		"+1":                             `"+1"`,
		"2026-01-01":                     `"2026-01-01"`,
		"a <b> & ü":                      `"a <b> & ü"`,
		`"a\"b\\\n\x07"`:                 "\"a\\\"b\\\\\\n\\u0007\"",
		"[]":                             "[]",
		"{}":                             "{}",
		"[1, [a], {b: }]":                "",
		"[1, [a], {b: null}]":            `[1,["a"],{"b":null}]`,
		"{z: 1, a: {m: x, b: [true]}, 'k.x[0]': 2}": `{"z":1,"a":{"m":"x","b":[true]},"k.x[0]":2}`,
		"~":    "",
		"NULL": "",
	} {
		file, err := load(t, oauth2Head+"    authorization_details: [{type: t, v: "+text+"}]\n    assertion: {key: env:K, claims: {v: "+text+"}}\n")
		if want == "" {
			refused(t, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		p := file.Profiles[0]
		if got := p.AuthorizationDetails; got != `[{"type":"t","v":`+want+`}]` || !json.Valid([]byte(got)) {
			t.Errorf("%s became %s", text, got)
		}
		if got := p.Assertion.Claims; got != `{"v":`+want+`}` {
			t.Errorf("%s became %s", text, got)
		}
	}
}

package cli

import (
	"slices"
	"testing"
	"time"
)

func TestTheTimesOfATokenAreReadable(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) // 1777636800
	for claims, want := range map[string][]string{
		`{"exp":1777640399,"nbf":1777636795,"iat":1777636080}`: {
			"iat 2026-05-01T11:48:00Z (12m ago)", "nbf 2026-05-01T11:59:55Z (5s ago)", "exp 2026-05-01T12:59:59Z (in 59m)",
		},
		`{"exp":1777665900.75}`:  {"exp 2026-05-01T20:05:00Z (in 8h5m)"},
		`{"exp":1777636800}`:     {"exp 2026-05-01T12:00:00Z (0s ago)"},
		`{"exp":1779364800}`:     {"exp 2026-05-21T12:00:00Z (in 20d)"},
		`{"exp":253402300799}`:   {"exp 9999-12-31T23:59:59Z (in 2912322d)"},
		`{"iat":0}`:              {"iat 1970-01-01T00:00:00Z (20574d ago)"},
		`{"exp":1e300,"nbf":-1}`: nil,
		`{"exp":253402300800}`:   nil,
		`{"exp":"1777640399","nbf":null,"iat":[1777636080]}`: nil,
		`{"EXP":1777640399,"auth_time":1777636080}`:          nil,
		`{}`: nil,
	} {
		if got := readableTimes([]byte(claims), now); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", claims, got, want)
		}
	}
}

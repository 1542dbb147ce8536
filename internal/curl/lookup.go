package curl

import (
	"strings"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
)

// byLetter finds the short option that a cluster goes on with.
func (s *scan) byLetter(cluster string) (option, error) {
	if cluster != "" {
		for _, o := range s.table {
			if o.letter == cluster[0] {
				return o, nil
			}
		}
	}
	r, size := utf8.DecodeRuneInString(cluster)
	if r == utf8.RuneError {
		size = 0
	}
	return option{}, unknown("-" + cluster[:size])
}

// byName finds a long option as any curl might: older ones take every beginning that only one name has, in upper or
// lower case, newer ones the whole name alone. A beginning that could mean a refused option is refused.
func (s *scan) byName(word string) (option, error) {
	var near []option
	for _, o := range s.table {
		if o.name == word {
			return o, nil
		}
		if len(word) <= len(o.name) && strings.EqualFold(o.name[:len(word)], word) {
			near = append(near, o)
		}
	}
	if word == "" || strings.HasPrefix(word, "expand-") {
		near = nil
	}
	for _, o := range near {
		if strings.EqualFold(o.name, word) {
			return o, nil
		}
	}
	switch len(near) {
	case 0:
		return option{}, unknown("--" + word)
	case 1:
		return near[0], nil
	}
	for _, o := range near {
		if o.rule == refused {
			return option{}, refuse("curl option --%s could mean --%s: %s", word, o.name, o.why).
				Hint("write the option's whole name")
		}
	}
	return option{}, usage("curl option --%s could mean --%s or --%s", word, near[0].name, near[1].name).
		Hint("write the option's whole name")
}

// unknown refuses what the table does not have: nobody can say what it would do with the token. Behind an equals sign
// might stand a secret.
func unknown(form string) error {
	name, _, glued := strings.Cut(form, "=")
	if len(name) > 40 {
		name = name[:40]
	}
	err := refuse("curl option %s is not known to authctl", strings.ToValidUTF8(name, "?"))
	if glued {
		return err.Hint("write a blank for the equals sign: %s VALUE", strings.ToValidUTF8(name, "?"))
	}
	if strings.HasPrefix(name, "--expand-") {
		return err.Hint("write the value itself, or $NAME for the shell to fill in")
	}
	return err.Hint("docs/curl.md lists the options; authctl call has most of what curl does")
}

// refusal says why an option of the table is refused.
func refusal(o option, form string) *fault.Error {
	why, hint := o.why, o.hint
	if o.rule == asks {
		why, hint = "it has no opposite", "leave it out"
	}
	return refuse("curl option %s: %s", form, why).Hint("%s", hint)
}

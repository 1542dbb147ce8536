package keyring

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/tokenstore"
)

// The accounts of the program's own items. Users' accounts cannot begin so.
const (
	ownPrefix     = "authctl."
	masterAccount = ownPrefix + "master-key"
	namesAccount  = ownPrefix + "accounts"

	maxAccount = 128
)

// ProfileAccount is where a profile's secret lies that no reference names. A slash cannot stand in a profile's name.
func ProfileAccount(profile, key string) string { return profile + "/" + key }

// checkAccount admits names that users may choose: none of the program's own, none that has the form of a token's,
// and nothing that could end a line of the tool that writes the macOS keychain.
func checkAccount(account string) error {
	var why string
	switch {
	case account == "":
		why = "is empty"
	case len(account) > maxAccount:
		why = "is longer than 128 bytes"
	case !utf8.ValidString(account) || strings.ContainsFunc(account, func(r rune) bool { return !unicode.IsPrint(r) }):
		why = "holds what cannot be printed"
	case strings.TrimSpace(account) != account:
		why = "begins or ends with a blank"
	case tokenstore.IsAccount(account):
		why = "has the form of a cached token's"
	case strings.HasPrefix(strings.ToLower(account), ownPrefix):
		why = "begins with " + ownPrefix + ", which authctl keeps for itself"
	default:
		return nil
	}
	return fault.New(fault.Config, "config.keyring_account", "the keyring account %q %s", account, why).
		Hint("choose another account name")
}

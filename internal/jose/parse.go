package jose

import (
	"strings"

	"github.com/authctl/authctl/internal/secret"
)

// ServiceAccount is what a service account file says about its key besides the key. Subject is empty where the file's
// kind has none.
type ServiceAccount struct{ Issuer, Subject, KeyID string }

// ParseKey reads a private key: PEM (PKCS #8, PKCS #1, SEC 1; encrypted ones with the passphrase), one JWK (RFC 7517),
// or a service account file of Google or ZITADEL, whose account it gives as well, or a PKCS #12 file (RFC 7292). A
// passphrase for what is not encrypted is refused: it is a mistake somewhere.
func ParseKey(data secret.String, o KeyOptions) (*Key, *ServiceAccount, error) {
	text := strings.TrimSpace(data.Reveal())
	switch {
	case text == "":
		return nil, nil, refuse("the key is empty")
	case secret.IsDER(text):
		signer, _, err := ParsePKCS12([]byte(data.Reveal()), o.Passphrase)
		if err != nil {
			return nil, nil, err
		}
		key, err := newKey(signer, o)
		return key, nil, err
	case strings.HasPrefix(text, "{"):
		return parseJSON(text, o)
	case strings.Contains(text, "-----BEGIN "):
		signer, err := parsePEM(text, o.Passphrase)
		if err != nil {
			return nil, nil, err
		}
		key, err := newKey(signer, o)
		return key, nil, err
	}
	return nil, nil, refuse("the key is neither PEM nor a JWK nor a PKCS #12 or service account file")
}

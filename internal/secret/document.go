package secret

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// CheckDocument judges a secret that may have several lines: a PEM file, a JWK or a service account file. Blanks and
// newlines around it mean nothing there. A PKCS #12 file is binary.
func CheckDocument(value String) error {
	text := trimmed(value.Reveal())
	switch {
	case text == "":
		return errors.New("the value is empty")
	case len(text) > MaxSize:
		return fmt.Errorf("the value is longer than %d bytes", MaxSize)
	case IsDER(text):
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return errors.New("the value has a control character in it")
	}
	return nil
}

// IsDER reports whether a secret is a long ASN.1 SEQUENCE (X.690), which no text begins like. Every byte of it counts.
func IsDER(text string) bool {
	return strings.HasPrefix(text, "\x30\x82") || strings.HasPrefix(text, "\x30\x83") || strings.HasPrefix(text, "\x30\x80")
}

func trimmed(text string) string {
	if IsDER(text) {
		return text
	}
	return strings.TrimSpace(text)
}

// ParseDocumentRef is [ParseRef] for a key whose secret is a document, which may stand in the file itself.
func ParseDocumentRef(text string) (Ref, error) {
	document := strings.TrimSpace(text)
	if strings.HasPrefix(document, "-----BEGIN ") || strings.HasPrefix(document, "{") {
		return Ref{Literal, New(document)}, CheckDocument(New(document))
	}
	return ParseRef(text)
}

// Document is Resolve for a secret that may have several lines. What is around it is cut.
func (r *Resolver) Document(ctx context.Context, ref Ref, what string) (String, error) {
	value, err := r.read(ctx, ref, what)
	if err == nil {
		value = New(trimmed(value.Reveal()))
		r.Mask.Add(value)
		err = CheckDocument(value)
	}
	if err == nil {
		return value, nil
	}
	return String{}, r.fault(ctx, err, ref, what)
}

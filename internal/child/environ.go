package child

import "strings"

// names reports whether a pair's name is among those of list, which holds names or pairs.
func names(list []string, pair string) bool {
	for _, one := range list {
		if SameName(nameOf(one), nameOf(pair)) {
			return true
		}
	}
	return false
}

// nameOf cuts the value off. Windows has variables whose name begins with an equals sign.
func nameOf(pair string) string {
	if i := strings.IndexByte(pair, '='); i > 0 {
		return pair[:i]
	}
	return pair
}

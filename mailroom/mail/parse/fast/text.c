/* Bodies of text: quoted-printable undone, line ends made LF, octets to characters. */

#include "fast.h"

#include <string.h>

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* The octets of quoted-printable, put into `into` (never more than there were); -1 when it is not written strictly. */
Py_ssize_t unquote(const char *data, Py_ssize_t size, char *into) {
    const char *at = data, *end = data + size;
    char *out = into;
    while (at < end) {
        const char *equals = memchr(at, '=', (size_t)(end - at));
        if (equals == NULL) equals = end;
        memcpy(out, at, (size_t)(equals - at));
        out += equals - at;
        if (equals == end) break;
        if (end - equals >= 3 && equals[1] == '\r' && equals[2] == '\n') {
            at = equals + 3;
        } else if (end - equals >= 2 && equals[1] == '\n') {
            at = equals + 2;
        } else {
            int high = end - equals >= 3 ? hex(equals[1]) : -1;
            int low = high < 0 ? -1 : hex(equals[2]);
            if (low < 0) return -1;
            *out++ = (char)(high * 16 + low);
            at = equals + 3;
        }
    }
    return out - into;
}

/* Text of plain ASCII or UTF-8 whose every CR stands before an LF; the CRs are left out. `ascii`: it is only that. */
int plain_text(const char *data, Py_ssize_t size, PyObject **text, int *ascii) {
    const unsigned char *octets = (const unsigned char *)data;
    unsigned char high = 0, odd = 0;
    Py_ssize_t returns = 0;
    for (Py_ssize_t at = 0; at < size; at++) { /* no branches: the compiler does many octets at once */
        high |= octets[at];
        odd |= (unsigned char)((octets[at] == 0) | (octets[at] == 27));
    }
    if (odd || (size && (octets[0] == 0xEF || octets[0] >= 0xFE))) return UNUSUAL;
    *ascii = (high & 0x80) == 0;
    char *made = NULL;
    PyObject *whole = NULL;
    /* Written in place where the text is ASCII: its length is known once the CRs are counted. */
    for (const char *at = data, *end = data + size;; returns++, at++) {
        at = memchr(at, '\r', (size_t)(end - at));
        if (at == NULL) break;
        if (at + 1 == end || at[1] != '\n') return UNUSUAL;
    }
    if (*ascii) {
        whole = PyUnicode_New(size - returns, 127);
        if (whole == NULL) return FAILED;
        if (size == returns) {
            *text = whole;
            return READ;
        }
    } else {
        made = PyMem_Malloc((size_t)size);
        if (made == NULL) {
            PyErr_NoMemory();
            return FAILED;
        }
    }
    char *out = *ascii ? (char *)PyUnicode_1BYTE_DATA(whole) : made;
    const char *at = data, *end = data + size;
    while (at < end) {
        const char *stop = memchr(at, '\r', (size_t)(end - at));
        if (stop == NULL) stop = end;
        memcpy(out, at, (size_t)(stop - at));
        out += stop - at;
        at = stop + 1;
    }
    if (!*ascii) {
        whole = PyUnicode_DecodeUTF8(made, out - made, NULL);
        PyMem_Free(made);
        if (whole == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) return FAILED;
            PyErr_Clear();
            return UNUSUAL;
        }
    }
    *text = whole;
    return READ;
}

/* Whether there is a letter to see, and nothing that a mail encrypted with PGP begins with. */
int shows_something(const char *data, Py_ssize_t size) {
    static const char pgp[] = "-----BEGIN PGP MESSAGE-----";
    Py_ssize_t at = 0;
    while (at < size && ((unsigned char)data[at] <= ' ' || (unsigned char)data[at] >= 127)) at++;
    if (at == size) return 0;
    return size - at < (Py_ssize_t)sizeof pgp - 1 || memcmp(data + at, pgp, sizeof pgp - 1) != 0;
}

/* Whether a uuencoded file may begin in the text. */
int holds_file(const char *data, Py_ssize_t size) {
    const char *at = data, *end = data + size;
    while (end - at > 6 && (at = memchr(at, 'b', (size_t)(end - at - 6))) != NULL) {
        if (memcmp(at, "begin ", 6) == 0 && at[6] >= '0' && at[6] <= '7') return 1;
        at++;
    }
    return 0;
}

/* Base64 in lines of one length without their ends, and the beginning of a line at the end: what a decoder takes. */
PyObject *joined_lines(const char *data, Py_ssize_t size, Py_ssize_t length, Py_ssize_t ending) {
    Py_ssize_t width = length + ending, lines = size / width, rest = size % width;
    PyObject *joined = PyBytes_FromStringAndSize(NULL, lines * length + rest);
    if (joined == NULL) return NULL;
    char *into = PyBytes_AS_STRING(joined);
    unsigned char odd = 0;
    for (Py_ssize_t line = 0; line < lines; line++, data += width, into += length) {
        memcpy(into, data, (size_t)length);
        odd |= (unsigned char)((data[width - 1] != '\n') | (data[width - ending] != (ending == 2 ? '\r' : '\n')));
    }
    memcpy(into, data, (size_t)rest);
    if (!odd) return joined;
    Py_DECREF(joined);
    Py_RETURN_NONE;
}

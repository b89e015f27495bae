/* Values of headers in their usual forms: one address, a date, an id. */

#include "fast.h"

#include <datetime.h>
#include <string.h>

#define LOCAL_MOST 64
#define DOMAIN_MOST 253
#define ID_MOST 2000
#define EARLIEST 1900 /* see dates.py */

static PyTypeObject *address_type;
static PyObject *name_address, *name_name, *name_raw, *name_valid, *name_flags, *empty_tuple;
static unsigned char in_local[256], in_domain[256], in_phrase[256], in_quotes[256], in_id[256];

static void allow(unsigned char *table, const char *others) {
    for (int c = '0'; c <= '9'; c++) table[c] = 1;
    for (int c = 'a'; c <= 'z'; c++) table[c] = table[c - 'a' + 'A'] = 1;
    for (; *others; others++) table[(unsigned char)*others] = 1;
}

int values_init(PyObject *address_class) {
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == NULL) return FAILED;
    if (!PyType_Check(address_class)) {
        PyErr_SetString(PyExc_TypeError, "the class of addresses is no class");
        return FAILED;
    }
    Py_XSETREF(address_type, (PyTypeObject *)Py_NewRef(address_class));
    allow(in_local, "._+=/-");
    allow(in_domain, ".-");
    for (int c = ' '; c <= '~'; c++) in_phrase[c] = in_quotes[c] = 1;
    for (const char *c = "<>(),;:@[]\"\\"; *c; c++) in_phrase[(unsigned char)*c] = 0;
    for (const char *c = "<>@\"\\"; *c; c++) in_quotes[(unsigned char)*c] = 0;
    for (int c = '!'; c <= '~'; c++) in_id[c] = c != '(' && c != ')' && c != '<' && c != '>';
    name_address = PyUnicode_InternFromString("address");
    name_name = PyUnicode_InternFromString("name");
    name_raw = PyUnicode_InternFromString("raw");
    name_valid = PyUnicode_InternFromString("valid");
    name_flags = PyUnicode_InternFromString("flags");
    empty_tuple = PyTuple_New(0);
    return name_address && name_name && name_raw && name_valid && name_flags && empty_tuple ? READ : FAILED;
}

static PyObject *make_address(PyObject *address, PyObject *name, PyObject *raw) {
    PyObject *made = address_type->tp_alloc(address_type, 0);
    if (made == NULL) return NULL;
    /* Past the class's own way of setting, which refuses: it is frozen. */
    if (PyObject_GenericSetAttr(made, name_address, address) < 0 || PyObject_GenericSetAttr(made, name_name, name) < 0 ||
        PyObject_GenericSetAttr(made, name_raw, raw) < 0 || PyObject_GenericSetAttr(made, name_valid, Py_True) < 0 ||
        PyObject_GenericSetAttr(made, name_flags, empty_tuple) < 0)
        Py_CLEAR(made);
    return made;
}

/* `ann@example.org`, `Ann Lee <ann@example.org>`, `"Lee, Ann" <ann@example.org>`: a tuple with that one address. */
int read_one_address(PyObject *value, PyObject **people) {
    const char *text = (const char *)PyUnicode_1BYTE_DATA(value), *end = text + PyUnicode_GET_LENGTH(value);
    const char *name = text, *name_end = text, *at = text;
    int angle = end > text && end[-1] == '>';
    if (angle) {
        if (*at == '"') {
            for (name = ++at; at < end && in_quotes[(unsigned char)*at];) at++;
            if (at == end || *at != '"') return UNUSUAL;
            name_end = at++;
            while (*at == ' ') at++; /* there is a `>` at the end */
        } else {
            while (in_phrase[(unsigned char)*at]) at++;
            name_end = at;
        }
        if (*at++ != '<') return UNUSUAL;
        end--;
    }
    while (name < name_end && *name == ' ') name++;
    while (name_end > name && name_end[-1] == ' ') name_end--;
    if (name < name_end && *name == '\'') return UNUSUAL;
    for (const char *c = name; c + 1 < name_end; c++)
        if (c[0] == ' ' && c[1] == ' ') return UNUSUAL;
    const char *local = at;
    while (at < end && in_local[(unsigned char)*at]) at++;
    if (at == end || *at != '@' || at == local || at - local > LOCAL_MOST) return UNUSUAL;
    const char *domain = ++at;
    while (at < end && in_domain[(unsigned char)*at]) at++;
    if (at != end || at == domain || at - domain > DOMAIN_MOST || end[-1] == '.') return UNUSUAL;
    char lower[LOCAL_MOST + 1 + DOMAIN_MOST];
    for (const char *c = local; c < end; c++) {
        lower[c - local] = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        if (c - local >= 3 && memcmp(lower + (c - local) - 3, "xn--", 4) == 0) return UNUSUAL;
    }
    PyObject *address = ascii_text(lower, end - local), *shown = ascii_text(name, name_end - name);
    PyObject *made = address && shown ? make_address(address, shown, value) : NULL;
    *people = made ? PyTuple_Pack(1, made) : NULL;
    Py_XDECREF(address);
    Py_XDECREF(shown);
    Py_XDECREF(made);
    return *people ? READ : FAILED;
}

static int digits(const char *at, int count) {
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

static int month_of(const char *at) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (memcmp(months + 3 * month, at, 3) == 0) return month + 1;
    return -1;
}

static int is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/* `Mon, 5 Jan 2026 08:00:00 +0100`, perhaps with a comment behind it. */
int read_usual_date(PyObject *value, PyObject **moment) {
    const char *at = (const char *)PyUnicode_1BYTE_DATA(value), *end = at + PyUnicode_GET_LENGTH(value);
    if (end - at > 5 && is_letter(at[0]) && is_letter(at[1]) && is_letter(at[2]) && at[3] == ',' && at[4] == ' ') at += 5;
    int width = end - at > 1 && at[1] == ' ' ? 1 : 2;
    if (end - at < width + 24) return UNUSUAL;
    int day = digits(at, width);
    at += width;
    if (at[0] != ' ' || at[4] != ' ' || at[9] != ' ' || at[12] != ':' || at[15] != ':' || at[18] != ' ') return UNUSUAL;
    int month = month_of(at + 1), year = digits(at + 5, 4), hour = digits(at + 10, 2), minute = digits(at + 13, 2);
    int second = digits(at + 16, 2), zone_hours = digits(at + 20, 2), zone_minutes = digits(at + 22, 2);
    char sign = at[19];
    if (day < 0 || month < 0 || year < EARLIEST || hour < 0 || minute < 0 || second < 0) return UNUSUAL;
    if ((sign != '+' && sign != '-') || zone_hours < 0 || zone_minutes < 0) return UNUSUAL;
    if (year > 9998 || second > 59 || zone_hours > 23 || zone_minutes > 59) return UNUSUAL;
    if (at + 24 < end && (end - at < 27 || at[24] != ' ' || at[25] != '(' || end[-1] != ')')) return UNUSUAL;
    int away = (zone_hours * 60 + zone_minutes) * 60;
    if (away == 0 && sign == '-') return UNUSUAL; /* a time without a zone, which is a defect */
    PyObject *zone = Py_NewRef(PyDateTime_TimeZone_UTC);
    if (away) {
        PyObject *offset = PyDelta_FromDSU(0, sign == '-' ? -away : away, 0);
        Py_SETREF(zone, offset ? PyTimeZone_FromOffset(offset) : NULL);
        Py_XDECREF(offset);
        if (zone == NULL) return FAILED;
    }
    *moment = PyDateTimeAPI->DateTime_FromDateAndTime(year, month, day, hour, minute, second, 0, zone,
                                                      PyDateTimeAPI->DateTimeType);
    Py_DECREF(zone);
    if (*moment == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) { /* the 31st of February */
        PyErr_Clear();
        return UNUSUAL;
    }
    return *moment ? READ : FAILED;
}

int is_plain_id(PyObject *value) {
    const char *text = (const char *)PyUnicode_1BYTE_DATA(value);
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    if (length < 3 || length > ID_MOST + 2 || text[0] != '<' || text[length - 1] != '>') return 0;
    for (Py_ssize_t at = 1; at < length - 1; at++)
        if (!in_id[(unsigned char)text[at]]) return 0;
    return 1;
}

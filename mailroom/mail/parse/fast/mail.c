/* The whole of a usual mail: one text, or the same text as plain words and as HTML. */

#include "fast.h"

#include <string.h>
#include <strings.h>

#define SHORT_LIST 200 /* see addresses.py: what is remembered */
#define LONG_LIST 1000 /* see build.py: what can hold no more addresses than are read */
#define MANY 1000       /* see build.py: addresses in all headers, up to which no limit is near */
#define LONG_HEADER 32768
#define LONG_TYPE 1000
#define PARTS 2
#define BOUNDARY 200 /* characters of a boundary; the standard allows 70 */

enum { PLAIN, HTML, ALTERNATIVE };

/* The fields of a Mail that are set here, each by its place in `field_names`. */
enum {
    SHA256, SIZE, HEADERS, SUBJECT, FROM, SENDER, REPLY_TO, TO, CC, BCC, DATE, MESSAGE_ID, IN_REPLY_TO, REFERENCES, TEXT,
    HTML_TEXT, CHARSET, CONTENT_TYPE, PARAMETERS, ATTACHMENTS, NESTED, NESTED_RAW, DELIVERY_STATUS, REPORT_TYPE,
    RETURNED_HEADERS, CALENDAR_METHOD, ENCRYPTED, DEFECTS, TRUNCATED, FIELDS
};
static const char *const field_names[FIELDS] = {
    "sha256", "size", "headers", "subject", "from_", "sender", "reply_to", "to", "cc", "bcc", "date", "message_id",
    "in_reply_to", "references", "text", "html", "charset", "content_type", "content_type_parameters", "attachments",
    "nested", "nested_raw", "delivery_status", "report_type", "returned_headers", "calendar_method", "encrypted",
    "defects", "truncated"};
static PyObject *fields[FIELDS];

/* Headers that are asked for by name. */
enum { H_FROM, H_SENDER, H_REPLY_TO, H_TO, H_CC, H_BCC, H_SUBJECT, H_DATE, H_ID, H_IN_REPLY_TO, H_REFERENCES, H_TYPE,
       H_ENCODING, H_DISPOSITION, HEADER_NAMES };
static const char *const header_names[HEADER_NAMES] = {
    "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references",
    "content-type", "content-transfer-encoding", "content-disposition"};
static PyObject *headers[HEADER_NAMES];

/* Readers of single values, in Python. */
enum { DESCRIBED, SHORT_ADDRESSES, ADDRESSES, READ_DATE, READ_ID, READ_IDS, ONLY_ONCE, MAIL_CLASS, READERS };
static const char *const reader_names[READERS] = {
    "described", "short_addresses", "addresses", "date", "message_id", "ids", "only_once", "mail"};
static PyObject *readers[READERS];
static PyTypeObject *mail_type;
static PyObject *nothing, *no_text, *utf8, *ascii_name, *alternative, *boundary_name;

static int intern_all(const char *const *names, PyObject **into, int count) {
    for (int i = 0; i < count; i++)
        if (into[i] == NULL && (into[i] = PyUnicode_InternFromString(names[i])) == NULL) return FAILED;
    return READ;
}

int mail_init(PyObject *given) {
    if (intern_all(field_names, fields, FIELDS) == FAILED || intern_all(header_names, headers, HEADER_NAMES) == FAILED)
        return FAILED;
    PyObject *reader[READERS];
    for (int i = 0; i < READERS; i++) {
        reader[i] = PyDict_GetItemString(given, reader_names[i]);
        if (reader[i] == NULL) {
            PyErr_Format(PyExc_KeyError, "%s", reader_names[i]);
            return FAILED;
        }
    }
    if (!PyType_Check(reader[MAIL_CLASS])) {
        PyErr_SetString(PyExc_TypeError, "the class of mails is no class");
        return FAILED;
    }
    for (int i = 0; i < READERS; i++) Py_XSETREF(readers[i], Py_NewRef(reader[i])); /* all of them or none */
    mail_type = (PyTypeObject *)readers[MAIL_CLASS];
    if (nothing == NULL) {
        nothing = PyTuple_New(0);
        no_text = PyUnicode_New(0, 127);
        utf8 = PyUnicode_InternFromString("utf-8");
        ascii_name = PyUnicode_InternFromString("ascii");
        alternative = PyUnicode_InternFromString("multipart/alternative");
        boundary_name = PyUnicode_InternFromString("boundary");
    }
    return nothing && no_text && utf8 && ascii_name && alternative && boundary_name ? READ : FAILED;
}

/* A header's first value; borrowed. The keys are texts, whose comparison cannot fail. */
static PyObject *value_of(Block *block, int header) { return PyDict_GetItemWithError(block->first, headers[header]); }

static int is_word(PyObject *value, const char *word) {
    return PyUnicode_GET_LENGTH(value) == (Py_ssize_t)strlen(word) &&
           strncasecmp((const char *)PyUnicode_1BYTE_DATA(value), word, strlen(word)) == 0;
}

/* Whether the body is quoted-printable (1), as it stands (0), or encoded otherwise (-1). */
static int is_quoted(Block *block) {
    PyObject *value = value_of(block, H_ENCODING);
    if (value == NULL || is_word(value, "7bit") || is_word(value, "8bit") || is_word(value, "binary")) return 0;
    return is_word(value, "quoted-printable") ? 1 : -1;
}

/* What kind of body a header block announces; `described` is kept by the caller. */
typedef struct {
    PyObject *described; /* (form, type, parameters as shown, is UTF-8 said, delimiter) */
    long form;
    PyObject *type, *parameters, *delimiter;
    int says_utf8;
} Kind;

/* `multipart/alternative; boundary="..."`: nearly each mail has a boundary of its own, so nothing can be remembered. */
static PyObject *usual_alternative(PyObject *value) {
    static const char type[] = "multipart/alternative", name[] = "boundary=";
    const char *at = (const char *)PyUnicode_1BYTE_DATA(value), *end = at + PyUnicode_GET_LENGTH(value);
    if (end - at < (Py_ssize_t)(sizeof type + sizeof name) || strncasecmp(at, type, sizeof type - 1) != 0) return NULL;
    at += sizeof type - 1;
    if (*at++ != ';') return NULL;
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    if (end - at < (Py_ssize_t)sizeof name || strncasecmp(at, name, sizeof name - 1) != 0) return NULL;
    at += sizeof name - 1;
    if (*at == '"' && end[-1] == '"' && end - at > 2) at++, end--;
    if (end - at > BOUNDARY) return NULL;
    char delimiter[BOUNDARY + 2] = "--";
    for (const char *c = at; c < end; c++) {
        int letter = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z');
        if (!letter && *c != '_' && *c != '-' && *c != '=' && *c != '.' && *c != '+' && *c != ':' && *c != '/') return NULL;
        delimiter[2 + (c - at)] = *c;
    }
    PyObject *boundary = ascii_text(at, end - at);
    if (boundary == NULL) return NULL;
    return Py_BuildValue("(lO((ON))ly#)", (long)ALTERNATIVE, alternative, boundary_name, boundary, 0L, delimiter,
                         end - at + 2);
}

static int kind_of(Block *block, Kind *kind) {
    PyObject *value = value_of(block, H_TYPE);
    if (value && PyUnicode_GET_LENGTH(value) > LONG_TYPE) return UNUSUAL;
    kind->described = value ? usual_alternative(value) : NULL;
    if (kind->described == NULL && PyErr_Occurred()) return FAILED;
    if (kind->described == NULL) kind->described = PyObject_CallOneArg(readers[DESCRIBED], value ? value : no_text);
    if (kind->described == NULL) return FAILED;
    if (kind->described == Py_None) return UNUSUAL;
    long says = 0;
    if (!PyArg_ParseTuple(kind->described, "lO!O!lO!", &kind->form, &PyUnicode_Type, &kind->type, &PyTuple_Type,
                          &kind->parameters, &says, &PyBytes_Type, &kind->delimiter))
        return FAILED;
    kind->says_utf8 = says != 0;
    return READ;
}

typedef struct {
    PyObject *text, *html, *charset;
} Body;

/* One body of text, put where it belongs. `alone`: it is the whole mail. */
static int read_text(const char *raw, Block *block, Py_ssize_t end, Kind *kind, int alone, Body *body) {
    PyObject **into = kind->form == HTML ? &body->html : &body->text;
    int quoted = is_quoted(block);
    if (quoted < 0 || kind->form == ALTERNATIVE || *into != NULL || value_of(block, H_DISPOSITION)) return UNUSUAL;
    const char *data = raw + block->body;
    Py_ssize_t size = end - block->body;
    char *made = NULL;
    if (quoted && memchr(data, '=', (size_t)size) != NULL) {
        made = PyMem_Malloc((size_t)size);
        if (made == NULL) {
            PyErr_NoMemory();
            return FAILED;
        }
        size = unquote(data, size, made);
        data = made;
    }
    int done = UNUSUAL, ascii = 0;
    if (size > 0 && shows_something(data, size) && !(alone && kind->form == PLAIN && holds_file(data, size)))
        done = plain_text(data, size, into, &ascii);
    PyMem_Free(made);
    if (done == READ && body->charset == NULL) body->charset = kind->says_utf8 || !ascii ? utf8 : ascii_name;
    return done;
}

static int read_part(const char *raw, Span span, Py_ssize_t longest, Py_ssize_t most, Body *body) {
    Block block;
    int done = read_block(raw, span.start, span.end, longest, most, &block);
    if (done != READ) return done;
    Kind kind = {0};
    done = kind_of(&block, &kind);
    if (done == READ) done = read_text(raw, &block, span.end, &kind, 0, body);
    Py_XDECREF(kind.described);
    free_block(&block);
    return done;
}

static int read_body(const char *raw, Block *block, Py_ssize_t end, Kind *kind, Py_ssize_t longest, Py_ssize_t most,
                     Body *body) {
    if (kind->form != ALTERNATIVE) return read_text(raw, block, end, kind, 1, body);
    if (is_quoted(block) != 0) return UNUSUAL;
    Span spans[PARTS];
    int done = READ, count = split_usual(raw, block->body, end, PyBytes_AS_STRING(kind->delimiter),
                                         PyBytes_GET_SIZE(kind->delimiter), spans, PARTS);
    if (count == UNUSUAL) return UNUSUAL;
    for (int i = 0; i < count && done == READ; i++) done = read_part(raw, spans[i], longest, most, body);
    return done;
}

static int people_of(Block *block, int header, PyObject *is_author, PyObject **people) {
    PyObject *value = value_of(block, header);
    if (value == NULL) {
        *people = Py_NewRef(nothing);
        return READ;
    }
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    if (length >= LONG_LIST) return UNUSUAL;
    int done = read_one_address(value, people);
    if (done != UNUSUAL) return done;
    if (length <= SHORT_LIST) {
        PyObject *const arguments[] = {value, is_author, no_text};
        *people = PyObject_Vectorcall(readers[SHORT_ADDRESSES], arguments, 3, NULL);
    } else {
        PyObject *const arguments[] = {value, is_author};
        *people = PyObject_Vectorcall(readers[ADDRESSES], arguments, 2, NULL);
    }
    if (*people == NULL) return FAILED;
    if (!PyTuple_Check(*people)) {
        PyErr_SetString(PyExc_TypeError, "addresses are no tuple");
        return FAILED;
    }
    return header == H_FROM && PyTuple_GET_SIZE(*people) > 1 ? UNUSUAL : READ;
}

static int date_of(Block *block, PyObject **moment) {
    PyObject *value = value_of(block, H_DATE);
    if (value == NULL) return UNUSUAL;
    int done = read_usual_date(value, moment);
    if (done != UNUSUAL) return done;
    Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    if (length < 5 || memcmp(PyUnicode_1BYTE_DATA(value) + length - 5, "-0000", 5) == 0) return UNUSUAL;
    *moment = PyObject_CallOneArg(readers[READ_DATE], value);
    if (*moment == NULL) return FAILED;
    return *moment == Py_None ? UNUSUAL : READ;
}

static PyObject *id_of(Block *block) {
    PyObject *value = value_of(block, H_ID);
    if (value == NULL) return Py_NewRef(no_text);
    return is_plain_id(value) ? Py_NewRef(value) : PyObject_CallOneArg(readers[READ_ID], value);
}

static PyObject *ids_of(Block *block, int header) {
    PyObject *value = value_of(block, header);
    if (value == NULL) return Py_NewRef(nothing);
    return is_plain_id(value) ? PyTuple_Pack(1, value) : PyObject_CallOneArg(readers[READ_IDS], value);
}

/* Whether no header stands twice that may stand only once. */
static int stands_once(Block *block) {
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(block->repeated); at++) {
        int twice = PySet_Contains(readers[ONLY_ONCE], PyTuple_GET_ITEM(PyList_GET_ITEM(block->repeated, at), 0));
        if (twice) return twice < 0 ? FAILED : UNUSUAL;
    }
    return READ;
}

/* Puts into `values` what the headers say; those set are the caller's to give back. */
static int read_headers(Block *block, PyObject **values) {
    static const int people[][2] = {{H_FROM, FROM}, {H_SENDER, SENDER}, {H_REPLY_TO, REPLY_TO},
                                    {H_TO, TO},     {H_CC, CC},         {H_BCC, BCC}};
    PyObject *subject = value_of(block, H_SUBJECT);
    if (value_of(block, H_FROM) == NULL || (subject && PyUnicode_GET_LENGTH(subject) > LONG_HEADER)) return UNUSUAL;
    int done = stands_once(block);
    Py_ssize_t number = 0;
    for (int i = 0; i < 6 && done == READ; i++) {
        PyObject **found = &values[people[i][1]];
        done = people_of(block, people[i][0], i < 3 ? Py_True : Py_False, found);
        if (done == READ && (number += PyTuple_GET_SIZE(*found)) >= MANY) done = UNUSUAL;
    }
    if (done == READ) done = date_of(block, &values[DATE]);
    if (done != READ) return done;
    values[SUBJECT] = Py_NewRef(subject ? subject : no_text);
    if ((values[MESSAGE_ID] = id_of(block)) == NULL || (values[IN_REPLY_TO] = ids_of(block, H_IN_REPLY_TO)) == NULL ||
        (values[REFERENCES] = ids_of(block, H_REFERENCES)) == NULL ||
        (values[HEADERS] = PyList_AsTuple(block->fields)) == NULL)
        return FAILED;
    return READ;
}

static PyObject *make_mail(PyObject **values) {
    PyObject *mail = mail_type->tp_alloc(mail_type, 0);
    for (int i = 0; i < FIELDS && mail != NULL; i++) {
        PyObject *value = values[i];
        if (value == NULL) {
            switch (i) {
            case REPORT_TYPE: case CALENDAR_METHOD: case TEXT: case HTML_TEXT: value = no_text; break;
            case ENCRYPTED: case TRUNCATED: value = Py_False; break;
            default: value = nothing;
            }
        }
        /* Past the class's own way of setting, which refuses: it is frozen. */
        if (PyObject_GenericSetAttr(mail, fields[i], value) < 0) Py_CLEAR(mail);
    }
    return mail;
}

/* usual_mail(raw, sha256, longest header block, most headers) -> Mail, or None: not usual. */
PyObject *usual_mail(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    (void)self;
    if (count != 4 || !PyBytes_Check(args[0]) || !PyUnicode_CheckExact(args[1]) || mail_type == NULL) {
        PyErr_SetString(PyExc_TypeError, "usual_mail takes octets, a hash and two numbers, after configure()");
        return NULL;
    }
    const char *raw = PyBytes_AS_STRING(args[0]);
    Py_ssize_t end = PyBytes_GET_SIZE(args[0]), longest = PyLong_AsSsize_t(args[2]), most = PyLong_AsSsize_t(args[3]);
    if (PyErr_Occurred()) return NULL;
    Block block;
    int done = read_block(raw, 0, end, longest, most, &block);
    if (done != READ) return done == FAILED ? NULL : Py_NewRef(Py_None);
    Kind kind = {0};
    Body body = {0};
    PyObject *values[FIELDS] = {0}, *mail = NULL;
    done = kind_of(&block, &kind);
    if (done == READ) done = read_body(raw, &block, end, &kind, longest, most, &body);
    values[TEXT] = body.text;
    values[HTML_TEXT] = body.html;
    if (done == READ) done = read_headers(&block, values);
    if (done == READ) {
        values[SHA256] = Py_NewRef(args[1]);
        values[CHARSET] = Py_NewRef(body.charset);
        values[CONTENT_TYPE] = Py_NewRef(kind.type);
        values[PARAMETERS] = Py_NewRef(kind.parameters);
        values[SIZE] = PyLong_FromSsize_t(end);
        mail = values[SIZE] ? make_mail(values) : NULL;
    }
    for (int i = 0; i < FIELDS; i++) Py_XDECREF(values[i]);
    Py_XDECREF(kind.described);
    free_block(&block);
    if (done == UNUSUAL) return Py_NewRef(Py_None);
    return mail;
}

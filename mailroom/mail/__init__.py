"""Wing: mailboxes and mail. Knows IMAP, SMTP and MIME; knows neither the store nor any product."""

/* Claim: after its file was replaced, a plugin that was closed and opened again answers as the new file says. */
int answer(void);
int calls(void);

static int called;

/* -DVERSION tells one version of the file from the other. */
int answer(void)
{
	called++;
	return VERSION;
}

/* How often this copy was asked: data that a newly loaded copy does not have. */
int calls(void)
{
	return called;
}

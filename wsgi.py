"""What a WSGI server loads."""

from groupbuy import create_app

app = create_app()

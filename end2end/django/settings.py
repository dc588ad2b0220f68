"""The smallest Django project that has what a tenancy playbook changes. DATABASE names its SQLite file."""

import os

SECRET_KEY = "only for a database that is thrown away"
INSTALLED_APPS = ["organizations", "records"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

"""Organizations, as the multi-tenant release of the application knows them."""

from django.db import models


class Organization(models.Model):
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=255)
    org_type = models.CharField(max_length=20)
    is_active = models.BooleanField()
    metadata = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
